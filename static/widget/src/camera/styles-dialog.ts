// Where the dialog shows the live view.

export const css = `
.visual .view{position:absolute;inset:0}
.side>.controls{margin-block:auto}
.controls .icon{border-color:var(--line);width:52px;height:52px}
@media (max-width:640px) and (min-height:481px),(max-width:480px){
.visual:has(.view){height:auto;flex:1 1 0;min-height:200px}
.visual:has(.view)+.side{flex:none}}
`;
