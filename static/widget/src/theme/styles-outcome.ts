// Styles for the screens of a try-on and of its outcome.

export const css = `
.stages{display:grid;gap:10px}
.stages li{display:flex;gap:12px;align-items:center;color:var(--soft)}
.stages li:before{content:"";width:20px;height:20px;border-radius:50%;border:2px solid var(--line);
flex:none}
.stages .past:before{content:"✓";background:var(--accent);border-color:var(--accent);color:var(--bg);
font:700 12px/16px sans-serif;text-align:center}
.stages [aria-current]{color:var(--text);font-weight:600}
.stages [aria-current]:before,.busy:before{border:2px solid var(--line);
border-top-color:var(--accent);animation:turn 1s linear infinite}
@keyframes turn{to{transform:rotate(1turn)}}
.elapsed{font-variant-numeric:tabular-nums}
.sheen{position:absolute;inset:0;background:linear-gradient(105deg,transparent 35%,
rgb(255 255 255/.4) 50%,transparent 65%);background-size:260% 100%;
animation:sheen 2.4s ease-in-out infinite}
@keyframes sheen{from{background-position:130% 0}to{background-position:-60% 0}}
.reaction{display:flex;flex-wrap:wrap;align-items:center;gap:4px 8px}
.reaction p:first-child{flex:1}
.reaction .icon[aria-pressed=true]{border-color:var(--text);background:var(--surface)}
.reaction [part=dislike] svg{transform:scaleY(-1)}
.why,.reaction .row{flex:1 0 100%;margin:0}
a.quiet{text-align:center;display:grid;align-items:center}
.stage,.zoomable{position:absolute;inset:0}
.zoomable{display:grid;place-items:center;overflow:hidden;container-type:size;touch-action:pan-y;
user-select:none;-webkit-user-select:none}
.large .zoomable{touch-action:none;cursor:grab;z-index:0}
.large .picture{z-index:-1}
.zoomable:focus-visible{outline-offset:-3px}
.picture{position:relative;width:min(100cqw,100cqh*var(--ar,.75));aspect-ratio:var(--ar,.75);
transform-origin:0 0}
.picture>*{position:absolute;inset:0;width:100%;height:100%;object-fit:contain}
.picture canvas{clip-path:inset(0 calc(100% - var(--at)) 0 0);background:var(--surface)}
.picture input{opacity:0;margin:0;pointer-events:none}
.large canvas,.large .handle,.large input{display:none}
.handle{right:auto;left:var(--at);width:2px;margin-inline:-1px;background:#fff;
box-shadow:0 0 0 1px rgb(0 0 0/.35);cursor:ew-resize}
.handle:after{content:"‹ ›";position:absolute;top:50%;left:50%;width:44px;height:44px;
margin:-22px;border-radius:50%;background:#fff;color:#222;display:grid;place-items:center;
font:600 18px/1 sans-serif;box-shadow:0 1px 6px rgb(0 0 0/.4);direction:ltr}
.picture:has(:focus-visible) .handle:after{outline:3px solid var(--text);outline-offset:2px}
.fresh canvas{animation:reveal 1.1s .3s cubic-bezier(.3,0,.2,1) backwards}
.fresh .handle{animation:follow 1.1s .3s cubic-bezier(.3,0,.2,1) backwards}
@keyframes reveal{from{clip-path:inset(0)}}
@keyframes follow{from{left:100%}}
.tools{position:absolute;top:12px;inset-inline-end:12px;display:flex;gap:8px}
.tools .icon,.pager{background:var(--bg);border:1px solid var(--line)}
.tools [aria-pressed=true]{border:2px solid var(--text)}
.pager{position:absolute;bottom:12px;inset-inline:0;width:max-content;margin:auto;display:flex;
align-items:center;border-radius:99px;font-size:.875em;font-variant-numeric:tabular-nums}
[dir=rtl] .pager svg{transform:scaleX(-1)}
.beside{height:100%;display:grid;grid-template-columns:1fr 1fr;gap:2px}
.beside li{display:flex;flex-direction:column;min-width:0;min-height:0;justify-content:center}
.beside button{border:0;padding:0;background:none;min-height:0}
.beside button:focus-visible{outline-offset:-3px}
.beside img{width:100%;height:100%;object-fit:contain;display:block}
.beside span{padding:8px 12px;font-size:.875em;text-align:center;overflow-wrap:anywhere}
@media (max-width:640px),(max-height:480px){
.actions.both{display:grid;grid-template-columns:1fr 1fr;position:sticky;
bottom:max(12px,env(safe-area-inset-bottom));background:var(--bg);
box-shadow:0 0 0 12px var(--bg),0 24px 0 12px var(--bg)}
.both>.primary{position:static;margin:0;box-shadow:none}
.both>*{padding-inline:10px}}
@media (max-width:640px) and (min-height:481px){
.side:has(.stages) .product-card,
.stages li:not([aria-current]){display:none}
.visual:has(+.side>[role=alert]),.visual:has(+.side>[part=paywall-message]){
height:min(100vw/var(--ar,.75),100dvh - 386px)}
.visual:has(+.side>[part=paywall-message]):has(+.side .samples){
height:min(100vw/var(--ar,.75),100dvh - 486px)}}
@media (prefers-reduced-motion:reduce){.sheen{display:none}}
@media (forced-colors:active){.past:before{background:Highlight}
.actions.both{forced-color-adjust:none;--bg:Canvas}
.both>*{forced-color-adjust:auto}
.reaction .icon[aria-pressed=true],.tools .icon[aria-pressed=true],.chip[aria-pressed]{forced-color-adjust:none;
background:Highlight;color:HighlightText}}
`;
