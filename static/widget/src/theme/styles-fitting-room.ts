// Styles for what is kept on this device, and for outfits.

export const css = `
.kept,.note{display:flex;flex-direction:column;gap:12px}
.kept:empty{display:none}
.note{gap:4px 16px;flex-flow:row wrap;align-items:center;justify-content:space-between}
.note p{flex:1 1 160px}
.note .quiet,.note .secondary{width:auto;padding-inline:4px;flex:none}
.note .secondary{padding-inline:18px}
.last{display:flex;gap:14px;align-items:center;width:100%;padding:8px;text-align:start;background:none;
border:1px solid var(--soft);border-radius:min(var(--r),16px)}
.last:hover{background:var(--surface)}
.last canvas{width:56px;height:72px;object-fit:cover;object-position:top;border-radius:calc(var(--r)*.5)}
.row canvas{width:100%;height:100%;object-fit:cover;object-position:top;display:block}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(104px,1fr));gap:16px 12px}
.tiles li{position:relative;display:flex;flex-direction:column;gap:6px}
.tiles button{padding:0;border:1px solid var(--line);border-radius:calc(var(--r)*.5);overflow:hidden;
aspect-ratio:3/4;background:var(--surface)}
.tiles canvas{width:100%;height:100%;object-fit:cover;object-position:top;display:block}
.tiles [aria-pressed]{outline:2px solid var(--text);outline-offset:2px}
.tiles span{line-height:1.35}
.tick{position:absolute;inset-block-start:0;inset-inline-end:0;width:44px;height:44px;display:grid;
place-items:center;cursor:pointer}
.tick input{width:24px;height:24px;margin:0;accent-color:var(--primary)}
.matches{flex-wrap:nowrap;overflow-x:auto;padding:3px;scroll-padding:3px;margin:5px -3px 0;scroll-snap-type:x proximity}
.matches li{flex:0 0 96px;scroll-snap-align:start}
.row .match:not(.chip){width:96px;height:auto;border:0;background:none;display:flex;flex-direction:column;
gap:6px;overflow:visible;font-size:.8125em;line-height:1.35;text-align:start}
.row .match img{width:96px;height:96px;object-fit:contain;object-position:center;padding:8px;
background:var(--surface);border:1px solid var(--line);border-radius:calc(var(--r)*.5)}
.match:hover img{border-color:var(--text)}
.chain{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center;font-size:.875em}
.chain li{display:flex;gap:8px;align-items:center}
.chain li+li:before{content:"+";color:var(--soft);margin-inline-end:4px}
.chain img{width:36px;height:44px;object-fit:contain;background:var(--surface);
border-radius:calc(var(--r)*.4)}
@media (max-width:640px) and (min-height:481px){
.visual:has(+.side .tiles){height:min(100vw/var(--ar,.75),100dvh - 372px)}}
`;
