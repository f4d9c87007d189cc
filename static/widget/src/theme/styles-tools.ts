// Styles for what is visible only once there is a photo.

export const css = `
.visual>canvas,.visual>img{position:absolute;inset:0;width:100%;height:100%;object-fit:contain}
.visual>img.product{padding:clamp(24px,4vw,48px)}
@media (max-width:640px) and (min-height:481px),(max-width:480px){
.visual{height:min(100vw/var(--ar,.75),100dvh - 216px)}}
.quiet{background:none;font-weight:400;font-size:.875em;color:var(--soft);text-decoration:underline;
text-underline-offset:.2em;min-height:44px}
.quiet:hover{color:var(--text)}
.notice{font-weight:600;display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center}
.notice p{flex:1 1 14em}
.undo{width:auto;min-height:44px;padding:8px 16px}
.undo span{font-variant-numeric:tabular-nums;color:var(--soft);margin-inline-start:.6em}
.keep{display:flex;gap:12px;align-items:center;min-height:44px;padding:5px 0;font-size:.9375em;cursor:pointer}
.keep input{width:24px;height:24px;accent-color:var(--primary);flex:none;margin:0}
.consent{border:1px solid var(--line);border-radius:calc(var(--r)*.6);padding:8px 14px 0}
.consent a{font-size:.875em;display:inline-flex;align-items:center;min-height:44px;min-width:44px;
margin-inline-start:36px}
.missing{display:grid;place-items:center;width:100%;height:100%;background:var(--surface);
color:var(--soft)}
.product-card .missing{width:56px;height:68px;border-radius:calc(var(--r)*.5)}
.trouble:not(:empty){display:grid;gap:10px}
.chip{width:auto;min-width:44px;min-height:44px;padding:9px 16px}
.cost{display:block;font-size:.8125em;line-height:1.3;font-weight:400}
.cost:empty{display:none}
p .cost{display:inline;font-size:1em}
p .cost:not(:empty):before{content:" · "}
.chip{position:relative}
.pair{display:flex;gap:10px;flex-wrap:wrap}
.pair>*{flex:1 1 120px}
.chip[aria-pressed]{border-color:var(--text);font-weight:600}
.pill{inset:auto auto max(20px,env(safe-area-inset-bottom)) 50%;transform:translateX(-50%);
position:fixed;margin:0;border:1px solid var(--line);border-radius:99px;padding:11px 20px;
min-height:48px;width:max-content;max-width:calc(100vw - 32px);font-weight:600;box-shadow:0 8px 30px rgb(0 0 0/.22)}
.pill:popover-open{display:flex;gap:10px;align-items:center}
.pill:before{content:"";width:16px;height:16px;border-radius:50%;background:var(--accent);flex:none}
.busy:before{background:none}
@media (max-width:640px),(max-height:480px){.actions>*{flex:none}}
@media (max-width:640px) and (min-height:481px){.consent{order:-1}
.visual:has(+.side .consent){height:min(100vw/var(--ar,.75),100dvh - 258px)}
.visual:has(+.side .actions>.keep){height:min(100vw/var(--ar,.75),100dvh - 386px)}
.actions>.keep{position:sticky;bottom:calc(max(12px,env(safe-area-inset-bottom)) + 76px);
background:var(--bg);box-shadow:0 0 0 12px var(--bg),0 24px 0 12px var(--bg)}}
@media (forced-colors:active){.pill:before{background:Highlight}
.actions>.primary{forced-color-adjust:none;--bg:Canvas;background:ButtonFace;color:ButtonText;
border-color:ButtonText}}
`;
