// The style sheet of the phone's page.

export const css = `
:root{--bg:#fff;--text:#1f1c19;--soft:#615a52;--surface:#f4f1ec;--line:#d9d3cb;--bad:#b3261e;
font:100%/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans Arabic",sans-serif;
color:var(--text);background:var(--bg)}
@media (prefers-color-scheme:dark){:root{--bg:#1b1a18;--text:#f4f0ea;--soft:#b5aca1;
--surface:#2a2825;--line:#45413b;--bad:#ff9d94}}
:lang(ur){line-height:1.9}
*{box-sizing:border-box;margin:0}
[hidden]{display:none!important}
body{min-height:100dvh}
main{min-height:100dvh;max-width:520px;margin:auto;display:flex;flex-direction:column;gap:16px;
padding:max(20px,env(safe-area-inset-top)) 20px max(20px,env(safe-area-inset-bottom))}
.shop{color:var(--soft);font-size:.9375rem;overflow-wrap:anywhere}
h1{font-size:1.625rem;line-height:1.25;font-weight:650;outline:0}
:lang(ur) h1{line-height:1.7}
h1+p{color:var(--soft)}
.error{color:var(--bad)}
.tips{list-style:none;padding:16px 18px;background:var(--surface);border-radius:16px;display:grid;
gap:12px}
.tips li{padding-inline-start:28px;position:relative}
.tips li:before{content:"";position:absolute;inset-inline-start:4px;top:.35em;width:6px;height:12px;
border:solid currentColor;border-width:0 2px 2px 0;transform:rotate(45deg)}
.actions{display:grid;gap:10px;margin-top:auto}
button{font:inherit;font-weight:600;color:inherit;cursor:pointer;border-radius:26px}
.primary,.secondary{min-height:52px;padding:12px 20px;border:1px solid transparent}
.primary{background:var(--text);color:var(--bg)}
.secondary{background:none;border-color:var(--line)}
:focus-visible{outline:3px solid var(--text);outline-offset:2px}
h1:focus-visible{outline:0}
svg{width:26px;height:26px;fill:none;stroke:currentColor;stroke-width:1.7;stroke-linecap:round;
stroke-linejoin:round}
.preview{flex:1;min-height:0;display:grid;place-items:center;background:var(--surface);
border-radius:16px;overflow:hidden}
.preview canvas{max-width:100%;max-height:58dvh;object-fit:contain}
.end{justify-content:center;text-align:center;align-items:center}
.end .actions{margin-top:8px;width:100%}
.end>svg{width:64px;height:64px;order:-1}
.busy{height:4px;border-radius:2px;overflow:hidden;background:var(--surface)}
.busy:before{content:"";display:block;width:40%;height:100%;background:var(--text);
animation:busy 1.2s infinite alternate ease-in-out}
@keyframes busy{to{margin-inline-start:60%}}
.live{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
main.camera{--text:#fff;--bg:#000;max-width:none;padding:0;gap:0;background:#000;color:#fff;position:fixed;inset:0}
.camera .shop,.camera h1{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.view{flex:1}
.controls{padding:14px 20px max(20px,env(safe-area-inset-bottom));
background:#000}
.camera :focus-visible{outline-color:#fff}
.icon{width:52px;height:52px;border:0;background:#2b2b2b;color:#fff;display:grid;place-items:center;
padding:0}
@media (prefers-reduced-motion:reduce){*,:before{animation:none!important}}
@media (forced-colors:active){.primary,.icon{border:1px solid ButtonText}}
@media (orientation:landscape){main.camera{flex-direction:row}.controls{align-content:center}
.shutters,.timer{flex-direction:column;gap:12px}}
`;
