// The style sheet of the panel with the QR code.

export const css = `
.phone{display:flex;flex-direction:column;align-items:center;gap:12px;padding:24px;
text-align:center;max-width:380px}
.phone>p{max-width:32ch}
.phone>p+.soft{margin-top:-6px}
.phone .qr{width:min(252px,100%);height:auto;background:#fff;border-radius:calc(var(--r)*.5);
stroke:none;fill:#000;forced-color-adjust:none}
.phone>svg:not(.qr){width:56px;height:56px;color:var(--accent)}
.phone>button{width:auto}
.phone>.consent{text-align:start;width:100%}
`;
