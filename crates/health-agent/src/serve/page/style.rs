/// The page's looks, light and dark: those of the dashboard.
pub(super) const STYLE: &str = "\
:root{--ground:#f7f8fa;--card:#fff;--ink:#1b2430;--faint:#5d6b7c;--line:#dde2e8;--ok:#0f7b4f;--warn:#9a6200;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--ground:#12161c;--card:#1a2029;--ink:#e6eaf0;--faint:#93a0b1;--line:#2c3542;--ok:#4cc38a;--warn:#e5a63d;--bad:#ff7b72}}\
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}\
main{max-width:70rem;margin:0 auto;padding:1.5rem}h1{margin:0;font-size:1.9rem}h2{margin:2rem 0 .5rem;font-size:1.05rem}h3{margin:0;font-size:1.05rem}\
h1.ok{color:var(--ok)}h1.attention{color:var(--warn)}h1.broken{color:var(--bad)}h1.wait{color:var(--faint)}p{margin:.4rem 0}\
code{font:13px ui-monospace,monospace;color:var(--faint)}a{color:inherit}\
section{margin:1rem 0;padding:.9rem 1.1rem;background:var(--card);border:1px solid var(--line);border-left:4px solid var(--warn);border-radius:6px}\
section.level2{border-left-color:var(--bad)}.verdict{font-weight:600}.fix{font-weight:600}\
table{width:100%;border-collapse:collapse;background:var(--card);border:1px solid var(--line);border-radius:6px}\
td{padding:.45rem .7rem;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}tr:first-child td{border-top:0}\
td:first-child{width:2rem;font-weight:700;color:var(--ok)}.level1 td:first-child{color:var(--warn)}.level2 td:first-child{color:var(--bad)}\
td:nth-child(2){width:34%}td:last-child{width:9rem;color:var(--faint);text-align:right;white-space:nowrap}\
@media(max-width:45rem){td,td:nth-child(2),td:last-child{display:block;width:auto;text-align:left;white-space:normal;border-top:0;padding:.15rem .7rem}\
td:first-child{float:left;width:2rem}tr{display:block;border-top:1px solid var(--line);padding:.35rem 0}td:nth-child(n+2){margin-left:2rem}}\
footer{margin:2rem 0;color:var(--faint);font-size:.9rem}";
