// The dialog's look. Sizes are in px, since the shop decides what a rem is.

export const css = `
:host{all:initial;
--bg:#fff;--surface:#f5f2ee;--text:#1f1c19;--soft:#655f57;--line:#ded8d0;--bad:#a3261b;
--accent:var(--genvoris-primary,#1f1c19);--on-accent:var(--genvoris-on-primary,#fff);
--r:var(--genvoris-radius,14px);
--font:var(--genvoris-font,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif)}
@media (prefers-color-scheme:dark){:host{
--bg:#1b1a18;--surface:#272522;--text:#f4f0ea;--soft:#b3aca2;--line:#45413b;--bad:#ff9d92;
--accent:var(--genvoris-primary,#f4f0ea);--on-accent:var(--genvoris-on-primary,#1b1a18)}}
*{box-sizing:border-box;margin:0}
dialog{font:16px/1.5 var(--font);color:var(--text);background:var(--bg);border:0;padding:0;
border-radius:var(--r);width:860px;max-width:calc(100vw - 32px);max-height:calc(100dvh - 32px);
box-shadow:0 24px 80px rgb(0 0 0/.28);overflow:hidden;margin:auto}
dialog[open]{display:flex;flex-direction:column;animation:in .22s ease-out}
dialog::backdrop{background:rgb(20 17 14/.55);animation:fade .22s}
@keyframes in{from{opacity:0;transform:translateY(12px)}}
@keyframes fade{from{opacity:0}}
.top{display:flex;align-items:center;gap:12px;padding:14px 14px 14px 24px;
border-bottom:1px solid var(--line)}
h2{font-size:19px;line-height:1.3;font-weight:600;letter-spacing:-.01em;flex:1;outline:0}
button,a{font:inherit;color:inherit;cursor:pointer}
:focus-visible{outline:3px solid var(--text);outline-offset:2px}
h2:focus-visible{outline:0}
.close{display:grid;place-items:center;width:44px;height:44px;border:0;background:none;
border-radius:50%}
.close:hover{background:var(--surface)}
svg{width:24px;height:24px;fill:none;stroke:currentColor;stroke-width:1.6;
stroke-linecap:round;stroke-linejoin:round}
.body{display:grid;grid-template-columns:minmax(0,1.1fr) minmax(0,1fr);overflow:auto;min-height:0}
.visual{position:relative;background:var(--surface);height:min(560px,calc(100dvh - 110px));
display:grid;place-items:center;overflow:hidden}
.visual>canvas,.visual>img{position:absolute;inset:0;width:100%;height:100%;object-fit:contain}
.visual>img.product{padding:48px}
.side{display:flex;flex-direction:column;gap:16px;padding:24px;align-items:stretch}
.product-card{display:flex;gap:14px;align-items:center}
.product-card img{width:64px;height:80px;object-fit:contain;background:var(--surface);
border-radius:calc(var(--r)*.6)}
.product-card strong{font-weight:600;overflow-wrap:anywhere}
p{overflow-wrap:anywhere}
.soft{color:var(--soft);font-size:14px}
.error{color:var(--bad)}
.meter{display:flex;justify-content:space-between;gap:12px;font-size:14px;flex-wrap:wrap}
.meter span:last-child:not(:first-child){color:var(--soft)}
.push{margin-top:auto}
.actions{display:flex;flex-direction:column;gap:10px;margin-top:auto}
.primary,.secondary{display:block;min-height:48px;padding:11px 20px;text-align:center;
text-decoration:none;border-radius:calc(var(--r)*.7);border:1px solid transparent;width:100%;
font-weight:600}
.primary{background:var(--accent);color:var(--on-accent)}
.primary:hover{opacity:.88}
.primary:disabled{opacity:.45;cursor:default}
.secondary{background:none;border-color:var(--line);font-weight:500}
.secondary:hover{background:var(--surface)}
.drop{position:absolute;inset:20px;border:1.5px dashed var(--soft);background:none;
border-radius:var(--r);display:flex;flex-direction:column;gap:6px;align-items:center;
justify-content:center;padding:24px;text-align:center}
.drop svg{width:40px;height:40px;margin-bottom:8px}
.drop b{font-size:18px;font-weight:600}
.drop:hover,.over .drop{background:var(--bg);border-color:var(--text)}
.samples{display:flex;gap:10px;flex-wrap:wrap;list-style:none;padding:0;margin-top:8px}
.samples button{padding:0;border:1px solid var(--line);border-radius:calc(var(--r)*.6);
overflow:hidden;width:72px;height:96px;background:var(--surface);display:block}
.samples button:hover{border-color:var(--text)}
.samples img{width:100%;height:100%;object-fit:cover;object-position:top;display:block}
.stage-name{font-size:20px;font-weight:600}
.elapsed{font-variant-numeric:tabular-nums}
.sheen{position:absolute;inset:0;background:linear-gradient(105deg,transparent 35%,
rgb(255 255 255/.5) 50%,transparent 65%);background-size:260% 100%;
animation:sheen 2.2s ease-in-out infinite}
@keyframes sheen{from{background-position:130% 0}to{background-position:-60% 0}}
.keep{display:flex;gap:12px;align-items:center;min-height:44px;font-size:15px;cursor:pointer}
.keep input{width:22px;height:22px;accent-color:var(--text);flex:none}
.live{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
white-space:nowrap}
[hidden]{display:none!important}
@media (max-width:640px){
dialog{width:100vw;max-width:none;height:100dvh;max-height:none;border-radius:0;margin:0}
.top{padding:8px 8px 8px 18px}
.body{grid-template-columns:minmax(0,1fr);grid-template-rows:auto 1fr;flex:1}
.visual{height:min(50dvh,430px)}
.visual>img.product{padding:24px}
.side{padding:18px 18px max(18px,env(safe-area-inset-bottom))}
.actions{position:sticky;bottom:0;background:var(--bg);padding:10px 0}
.drop{inset:14px}}
@media (prefers-reduced-motion:reduce){*,::backdrop{animation:none!important}.sheen{display:none}}
@media (forced-colors:active){dialog,.primary,.secondary,.close{border:1px solid ButtonText}}
`;
