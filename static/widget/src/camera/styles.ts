// The style sheet of the live view, in the dialog and on the phone's page.

export const css = `
.view{position:relative;min-height:0;background:#000;overflow:hidden}
.view video{position:absolute;inset:0;width:100%;height:100%;object-fit:contain}
.view .mirrored{transform:scaleX(-1)}
.count{position:absolute;inset:0;display:grid;place-items:center;color:#fff;
font-size:min(48vw,224px);font-weight:700;line-height:1;text-shadow:0 0 24px #000}
.controls{display:grid;gap:14px}
.timer{border:0;padding:0;display:flex;flex-wrap:wrap;gap:8px;align-items:center;
justify-content:center}
.timer legend{float:inline-start;padding:0;margin-inline-end:6px}
.timer label{position:relative}
.timer input{position:absolute;inset:0;width:100%;height:100%;opacity:0;margin:0;cursor:pointer}
.timer span{display:grid;place-items:center;min-width:56px;min-height:44px;padding:6px 14px;
border:1px solid #8c857c;border-radius:22px}
.timer input:checked+span{background:var(--text);color:var(--bg);border-color:var(--text)}
.timer input:focus-visible+span{outline:3px solid var(--text);outline-offset:2px}
.shutters{display:flex;justify-content:space-between;align-items:center}
[dir=rtl] .shutters .icon:first-child svg{transform:scaleX(-1)}
.shutter{width:76px;height:76px;border:4px solid var(--text);border-radius:50%;
background:var(--text) content-box;padding:4px;cursor:pointer}
.shutter:disabled{opacity:.4}
@media (forced-colors:active){.shutter{background:ButtonText content-box;
forced-color-adjust:none;border-color:ButtonText}
.timer input:checked+span{background:Highlight;color:HighlightText;forced-color-adjust:none}}
`;
