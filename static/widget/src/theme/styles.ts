// The dialog's style sheet. Layout is in px, since the shop decides what a rem is; text is in em of
// the reader's own font size. Colours come from theme.ts.

export const css = `
:host{all:initial!important;font-size:medium!important}
*{box-sizing:border-box;margin:0}
dialog,.pill{font:1em/1.5 var(--font);color:var(--text);background:var(--bg);color-scheme:var(--scheme);
scrollbar-color:var(--soft) #0000}
dialog{--h:min(1040px,100dvh - 32px,max(600px,100vw - 240px));border:1px solid var(--line);padding:0;
border-radius:var(--r);width:calc(var(--h)*.75 + 400px);max-width:calc(100vw - 32px);
height:calc(var(--h));max-height:none;box-shadow:0 24px 80px rgb(0 0 0/.28);overflow:hidden;margin:auto;
grid-template:auto minmax(0,1fr)/minmax(0,1fr) clamp(300px,38%,400px)}
dialog[open]{display:grid;animation:in .22s ease-out}
dialog::backdrop{background:rgb(20 17 14/.55);animation:fade .22s}
@keyframes in{from{opacity:0;transform:translateY(12px)}}
@keyframes fade{from{opacity:0}}
.top{grid-area:1/2;display:flex;align-items:center;gap:4px;padding-block:12px;padding-inline:24px 12px}
h2{font-size:1.1875em;line-height:1.3;font-weight:600;flex:1;outline:0}
button,a,input{font:inherit;color:inherit;cursor:pointer}
a{text-underline-offset:.2em}
.primary:hover:not(:disabled){outline:2px solid var(--primary);outline-offset:2px}
:focus-visible,.primary:focus-visible:hover{outline:3px solid var(--text);outline-offset:2px}
h2:focus-visible{outline:0}
.icon{display:grid;place-items:center;width:44px;height:44px;border:1px solid transparent;
background:none;border-radius:50%;flex:none;padding:0}
.icon:hover{background:var(--surface)}
svg{width:24px;height:24px;fill:none;stroke:currentColor;stroke-width:1.6;stroke-linecap:round;
stroke-linejoin:round;flex:none}
.body{display:contents}
.visual{position:relative;grid-area:1/1/3/2;background:var(--surface);display:grid;place-items:center;
overflow:hidden}
.side{grid-area:2/2;display:flex;flex-direction:column;gap:16px;padding:8px 24px 24px;overflow:auto}
.side>*{flex:none}
.product-card{display:flex;gap:14px;align-items:center}
.product-card img{width:56px;height:68px;object-fit:contain;background:var(--surface);
border-radius:calc(var(--r)*.5)}
strong{font-weight:600}
p,strong,li{overflow-wrap:anywhere}
.soft{color:var(--soft);font-size:.875em}
.error{color:var(--bad)}
.error:empty{display:none}
.visual>.error{position:absolute;inset:auto 32px 32px;padding:10px 14px;text-align:center;
background:var(--bg);border:1px solid;border-radius:min(var(--r),12px)}
.meter{display:flex;justify-content:space-between;gap:4px 12px;font-size:.875em;flex-wrap:wrap}
.meter span+span{color:var(--soft)}
.few{border:1px solid var(--line);border-inline-start:4px solid var(--accent);padding:8px 12px;
border-radius:calc(var(--r)*.4);font-weight:600}
.few span+span{font-weight:400}
.actions{display:flex;flex-direction:column;gap:10px;margin-top:auto}
.primary,.secondary,.quiet,.chip{min-height:48px;padding:11px 18px;text-align:center;
text-decoration:none;border-radius:min(var(--br),24px);border:1px solid transparent;width:100%;
font-weight:600}
.primary{background:var(--primary);color:var(--on-primary)}
.primary:disabled{background:var(--surface);color:var(--soft);border-color:var(--line);cursor:default}
.secondary,.chip{background:none;border-color:var(--soft);font-weight:500}
.secondary:hover,.chip:hover{background:var(--surface)}
.drop{position:absolute;inset:20px;border:1.5px dashed var(--soft);background:none;
border-radius:var(--r);display:flex;flex-direction:column;gap:6px;align-items:center;
justify-content:center;padding:20px;text-align:center}
.drop svg{width:40px;height:40px;margin-bottom:8px;color:var(--accent)}
.drop b{font-size:1.125em;font-weight:600}
.drop:hover,.over .drop{background:var(--bg);border-color:var(--text)}
ul,ol{list-style:none;padding:0}
.row{display:flex;gap:10px;flex-wrap:wrap;margin-top:8px}
.row button:not(.chip){padding:0;border:1px solid var(--line);border-radius:calc(var(--r)*.5);
overflow:hidden;width:64px;height:84px;background:var(--surface);display:block}
.row button:hover{border-color:var(--text)}
.row img{width:100%;height:100%;object-fit:cover;object-position:top;display:block}
.examples{display:grid;grid-template-columns:repeat(3,1fr);gap:12px 8px;font-size:.8125em;
color:var(--soft);line-height:1.35}
.examples li{display:flex;flex-direction:column;align-items:center;text-align:center;gap:4px}
.examples .good{grid-column:1/-1;flex-direction:row;text-align:start;gap:12px;color:var(--text);
font-size:1.0769em}
.examples svg{width:44px;height:44px;padding:9px;border-radius:50%;background:var(--surface)}
.good svg{border:2px solid var(--accent);padding:7px}
.bad{position:relative}
.bad:before{content:"";position:absolute;top:21px;width:44px;border-top:2px solid var(--bad);
transform:rotate(-45deg)}
.live,.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
white-space:nowrap}
[hidden]{display:none!important}
@media (max-width:640px),(max-height:480px){
dialog{width:100vw;max-width:none;height:100dvh;border-radius:0;border:0;margin:0;
padding-inline:env(safe-area-inset-left) env(safe-area-inset-right)}
.top{padding-block:4px;padding-inline:18px 4px}
.side{gap:14px;padding:10px 18px max(18px,env(safe-area-inset-bottom))}
.side,.body{scroll-padding-bottom:96px}
.actions{display:contents}
.actions>.primary{position:sticky;bottom:max(12px,env(safe-area-inset-bottom));margin-top:auto;
box-shadow:0 0 0 12px var(--bg),0 24px 0 12px var(--bg)}}
@media (max-width:640px) and (min-height:481px),(max-width:480px){
dialog{grid-template:auto minmax(0,1fr)/100%}
.top{grid-area:auto}
.body{display:flex;flex-direction:column;overflow:auto}
.visual{flex:none}
.visual:has(.drop){height:max-content;min-height:min(24dvh,200px)}
.side{flex:1 0 auto;overflow:visible;padding-top:18px}
.drop{position:static;place-self:stretch;margin:14px}
.drop+.error{position:static;margin:0 14px 14px}}
@media (prefers-contrast:more){dialog,.pill{--line:var(--text)!important;--soft:var(--text)!important}}
@media (prefers-reduced-motion:reduce){*,::backdrop,:before{animation:none!important}}
@media (forced-colors:active){.primary,.icon,.pill,dialog{border-color:ButtonText}
.primary:disabled{color:GrayText;border-color:GrayText}}
`;
