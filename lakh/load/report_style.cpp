#include <lakh/load/report_style.hpp>

namespace lakh::load {

std::string_view report_style() noexcept {
  return R"css(
:root{color-scheme:light dark;--bg:#fdfdfb;--panel:#f5f4f0;--ink:#17191e;--soft:#5b606b;--rule:#e3e1da;--grid:#e9e7e1;
--ok:#12796e;--bad:#cb3a2a;--odd:#c58606;--wait:#7f8696;--none:#cfccc3;--p50:#3f74d8;--p99:#5a2f9e;
--run1:#2f66cc;--run2:#cf5f1a;--run3:#12796e;--run4:#a63a98;--run5:#8b7500;--run6:#c5323f;--run7:#0b8fb3;--run8:#5d6472}
@media (prefers-color-scheme:dark){:root{--bg:#121419;--panel:#1a1d24;--ink:#eceae4;--soft:#a0a5b1;--rule:#2c3039;--grid:#262a32;
--ok:#3cb9a9;--bad:#f2705f;--odd:#ebb54d;--wait:#7d8494;--none:#3d424d;--p50:#6fa0f5;--p99:#bb92f3;
--run1:#74a4fb;--run2:#f0955a;--run3:#3cb9a9;--run4:#dc84d2;--run5:#d3bb47;--run6:#f37a83;--run7:#4fc3e0;--run8:#a9b0bd}}
*{box-sizing:border-box}
html{background:var(--bg);color:var(--ink);font:16px/1.5 Inter,ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
font-feature-settings:"tnum","cv05";-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:70rem;padding:2.75rem 2rem 3rem}
h1,h2,h3,p,figure,dl,dd,ul,table{margin:0;padding:0}
h1{font-size:1.75rem;line-height:1.2;font-weight:680;letter-spacing:-.018em;overflow-wrap:anywhere}
h2{font-size:1.1875rem;line-height:1.3;font-weight:650;letter-spacing:-.008em}
h3{font-size:.9375rem;font-weight:620}
header{display:grid;gap:.5rem}
.brand{font-size:.8125rem;color:var(--soft);display:flex;gap:.6rem;align-items:center}
.brand b{color:var(--ink);font-weight:720;letter-spacing:.01em}
.facts{display:flex;flex-wrap:wrap;gap:.15rem 1.4rem;color:var(--soft);font-size:.9375rem}
.facts bdi,td bdi,dd bdi{overflow-wrap:anywhere}
.chip{display:inline-block;padding:.05rem .6rem;border-radius:99px;font-size:.8125rem;font-weight:600;border:1px solid currentColor}
section{margin-top:3rem}
section>p.note,section>.note{color:var(--soft);font-size:.9375rem;max-width:56rem;margin-top:.25rem}
.ok{--c:var(--ok)}.bad{--c:var(--bad)}.odd{--c:var(--odd)}.wait{--c:var(--wait)}.none{--c:var(--none)}
.p50{--c:var(--p50)}.p99{--c:var(--p99)}
.run1{--c:var(--run1)}.run2{--c:var(--run2)}.run3{--c:var(--run3)}.run4{--c:var(--run4)}
.run5{--c:var(--run5)}.run6{--c:var(--run6)}.run7{--c:var(--run7)}.run8{--c:var(--run8)}
.tone{color:var(--c)}
.verdict{margin-top:2.25rem;padding-top:2rem;border-top:1px solid var(--rule)}
.verdict h2{font-size:clamp(1.625rem,1.1rem + 2.4vw,2.5rem);line-height:1.12;font-weight:700;letter-spacing:-.026em}
.verdict h2 span{white-space:nowrap}
.bar{display:flex;gap:2px;height:1.75rem;margin-top:1.5rem;border-radius:.4rem;overflow:hidden;background:var(--bg)}
.bar i{display:block;background:var(--c);min-width:4px;flex-basis:0}
.bar.thin{height:.75rem;margin:.35rem 0;border-radius:.2rem;min-width:8rem}.compared{margin-top:1rem}
.sum{display:flex;flex-wrap:wrap;gap:.75rem 2.25rem;margin-top:1.1rem;align-items:flex-start}
.sum div{display:grid;grid-template-columns:auto;position:relative}
.sum dt{order:2;color:var(--soft);font-size:.875rem;display:flex;align-items:center;gap:.45rem}
.sum dd{order:1;font-size:1.375rem;font-weight:640;letter-spacing:-.015em;line-height:1.25}
.sum .plus::before,.sum .equals::before{position:absolute;left:-1.45rem;top:.05rem;font-size:1.125rem;color:var(--soft);content:"+"}
.sum .equals::before{content:"="}
.dot{display:inline-block;width:.625rem;height:.625rem;border-radius:.15rem;background:var(--c);flex:none}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:1px;margin-top:2rem;background:var(--rule);
border:1px solid var(--rule);border-radius:.6rem;overflow:hidden}
.tiles div{background:var(--bg);padding:.8rem 1rem .9rem;display:grid;align-content:start}
.tiles dt{color:var(--soft);font-size:.8125rem}
.tiles dd{font-size:1.25rem;font-weight:620;letter-spacing:-.012em;white-space:nowrap}
.tiles dd small{font-size:.8125rem;font-weight:450;color:var(--soft);letter-spacing:0}
.chart{margin-top:1rem}
.two{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:1rem 3rem;align-items:start}
.two>*{min-width:0}
.pair{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:2rem 3rem;margin-top:1.25rem}
.frame{display:grid;grid-template-columns:auto minmax(0,1fr);grid-template-rows:15rem 1.75rem;column-gap:.6rem;margin-top:.6rem}
.ys{position:relative;width:3.4rem;font-size:.8125rem;color:var(--soft)}
.ys span{position:absolute;right:0;transform:translateY(50%);line-height:1;white-space:nowrap}
.plot{position:relative;outline-offset:4px;touch-action:pan-y}
.plot svg{position:absolute;inset:0;width:100%;height:100%;overflow:visible;display:block}
.xs{grid-column:2;position:relative;font-size:.8125rem;color:var(--soft)}
.xs span{position:absolute;top:.45rem;transform:translateX(-50%);white-space:nowrap;line-height:1}
.xs span[style="left:0.00%"]{transform:none}.xs span[style="left:100.00%"]{transform:translateX(-100%)}
svg path{vector-effect:non-scaling-stroke;fill:none}
.grid{stroke:var(--grid);stroke-width:1}.base{stroke:var(--soft);stroke-opacity:.55;stroke-width:1}
.mark{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3}
.line{stroke:var(--c);stroke-width:1.75;stroke-linejoin:round;stroke-linecap:round}
.line.dashed{stroke-dasharray:6 4;stroke-linecap:butt}
svg .area{fill:var(--c);fill-opacity:.86}
.marktext{position:absolute;top:0;margin-left:.4rem;font-size:.8125rem;color:var(--soft);background:var(--bg);padding:0 .2rem;white-space:nowrap}
.marktext.left{transform:translateX(-100%);margin-left:-.4rem}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.25rem;font-size:.875rem;color:var(--soft)}
.legend li{display:flex;align-items:center;gap:.45rem;overflow-wrap:anywhere}
.box{width:.7rem;height:.7rem;border-radius:.15rem;background:var(--c);flex:none}
.stroke{width:1.25rem;height:0;border-top:2px solid var(--c);flex:none}.stroke.dashed{border-top-style:dashed}
.cursor{position:absolute;top:0;bottom:0;width:0;border-left:1px solid var(--ink);opacity:.5;pointer-events:none}
.tip{position:absolute;top:.35rem;z-index:2;pointer-events:none;background:var(--ink);color:var(--bg);font-size:.8125rem;line-height:1.45;
padding:.45rem .65rem;border-radius:.4rem;white-space:nowrap;display:grid;grid-template-columns:auto auto;gap:0 .9rem;max-width:20rem}
.tip b{grid-column:1/3;font-weight:650}.tip span:nth-child(odd){text-align:right}
details{margin-top:.35rem;font-size:.875rem}
summary{cursor:pointer;color:var(--soft);width:max-content;max-width:100%;padding:.15rem 0}
summary:hover{color:var(--ink)}
:focus-visible{outline:2px solid var(--run1);outline-offset:3px;border-radius:.2rem}
.scroll{overflow:auto;max-height:24rem;margin-top:.4rem;border:1px solid var(--rule);border-radius:.4rem}
.scroll table{margin:0}.scroll th:first-child,.scroll td:first-child{padding-left:.8rem}.scroll th:last-child,.scroll td:last-child{padding-right:.8rem}
.scroll thead th{position:sticky;top:0;background:var(--bg)}
table{border-collapse:collapse;width:100%;font-size:.9375rem;margin-top:.9rem}
.slim{max-width:48rem}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th,td{padding:.4rem .75rem .4rem 0;text-align:right;vertical-align:top;border-bottom:1px solid var(--rule);font-weight:450}
thead th{color:var(--soft);font-size:.8125rem;font-weight:500;vertical-align:bottom;white-space:nowrap}
th:first-child,td.text,th.text{text-align:left}
td:last-child,th:last-child{padding-right:0}
tbody tr:last-child>*{border-bottom:0}
td+td.text,th+th.text{padding-left:1.25rem}td.text,th.text{overflow-wrap:anywhere}.pair table{margin-top:0}
td.num,th[scope=row]{white-space:nowrap}
th[scope=row].wrap{white-space:normal;overflow-wrap:anywhere}
.meter{width:38%;min-width:5rem;vertical-align:middle}
td.meter i{display:block;height:.55rem;border-radius:.15rem;background:var(--c);min-width:2px}
.reason{color:var(--soft);font-size:.875rem}
.good,.broken{font-weight:620;white-space:nowrap}.good{color:var(--ok)}.broken{color:var(--bad)}
.kv{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.3rem 1.5rem;font-size:.9375rem;margin-top:.9rem}
.kv dt{color:var(--soft)}.kv dd{overflow-wrap:anywhere}
code,.mono{font:.875em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.key{display:inline-block;width:1.1rem;height:.3rem;border-radius:.1rem;background:var(--c);vertical-align:middle;margin-right:.5rem}
footer{margin-top:3.5rem;padding-top:1.25rem;border-top:1px solid var(--rule);font-size:.875rem;color:var(--soft);display:grid;gap:.25rem}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:46rem){body{padding:1.5rem 1.125rem 2rem}section{margin-top:2.5rem}h1{font-size:1.4375rem}
.two,.pair{grid-template-columns:minmax(0,1fr)}.verdict{margin-top:1.5rem;padding-top:1.5rem}
.sum{display:grid;grid-template-columns:minmax(0,1fr);gap:0}
.sum div{grid-template-columns:1fr auto;align-items:baseline;padding:.35rem 0;border-bottom:1px solid var(--rule)}
.sum dt{order:1;font-size:.9375rem}.sum dd{order:2;font-size:1.0625rem}.sum .plus::before,.sum .equals::before{content:none}
.tiles{grid-template-columns:1fr 1fr}.tiles dd{font-size:1.125rem}
.frame{grid-template-rows:12.5rem 1.75rem;column-gap:.45rem}.ys{width:2.9rem}.ys,.xs{font-size:.75rem}.xs .minor{display:none}
.kv{grid-template-columns:minmax(0,1fr);gap:0}.kv dd{margin-bottom:.5rem}
.wide{overflow-x:auto;margin-right:-1.125rem;padding-right:1.125rem}.wide table{min-width:34rem}.meter{display:none}}
@media print{:root{color-scheme:light;--bg:#fff;--panel:#fff;--ink:#000;--soft:#444;--rule:#ccc;--grid:#ddd;--ok:#12796e;--bad:#cb3a2a;--odd:#c58606;
--wait:#7f8696;--none:#cfccc3;--p50:#3f74d8;--p99:#5a2f9e;--run1:#2f66cc;--run2:#cf5f1a;--run3:#12796e;--run4:#a63a98;--run5:#8b7500;--run6:#c5323f;--run7:#0b8fb3;--run8:#5d6472}
@page{margin:14mm}html{font-size:12px}body{max-width:none;padding:0}section{margin-top:1.75rem}
.two{grid-template-columns:minmax(0,3fr) minmax(0,2fr)}.pair{grid-template-columns:repeat(2,minmax(0,1fr))}
.frame{grid-template-rows:12rem 1.75rem}
details.figures,.cursor,.tip{display:none}section,figure,tr,.tiles,.kv>*{break-inside:avoid}h2,h3,.note{break-after:avoid}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)css";
}

std::string_view report_script() noexcept {
  return R"js(
"use strict";
for (const plot of document.querySelectorAll(".plot[data-for]")) {
  const table = document.getElementById(plot.dataset.for);
  const rows = table ? [...table.tBodies[0].rows] : [];
  if (rows.length === 0) continue;
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const places = rows.map((row) => Number(row.dataset.x));
  const cursor = document.createElement("div");
  const tip = document.createElement("div");
  cursor.className = "cursor";
  tip.className = "tip";
  tip.setAttribute("role", "status");
  cursor.hidden = tip.hidden = true;
  tip.style.display = "none";
  plot.append(cursor, tip);
  let at = -1;
  const show = (index) => {
    at = Math.max(0, Math.min(rows.length - 1, index));
    tip.replaceChildren();
    [...rows[at].cells].forEach((cell, i) => {
      const value = document.createElement(i === 0 ? "b" : "span");
      value.textContent = cell.textContent;
      if (i !== 0) {
        const name = document.createElement("span");
        name.textContent = names[i];
        name.style.textAlign = "left";
        tip.append(name);
      }
      tip.append(value);
    });
    cursor.style.left = 100 * places[at] + "%";
    const right = places[at] > 0.55;
    tip.style.left = right ? "auto" : "calc(" + 100 * places[at] + "% + .6rem)";
    tip.style.right = right ? "calc(" + 100 * (1 - places[at]) + "% + .6rem)" : "auto";
    cursor.hidden = tip.hidden = false;
    tip.style.display = "";
  };
  const hide = () => {
    cursor.hidden = tip.hidden = true;
    tip.style.display = "none";
    at = -1;
  };
  const nearest = (x) => {
    let best = 0;
    for (let i = 1; i < places.length; ++i) if (Math.abs(places[i] - x) < Math.abs(places[best] - x)) best = i;
    return best;
  };
  plot.tabIndex = 0;
  plot.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    show(nearest((event.clientX - box.left) / box.width));
  });
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const steps = {ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -rows.length, End: rows.length};
    if (event.key === "Escape") return hide();
    if (!(event.key in steps)) return;
    event.preventDefault();
    show(at < 0 && steps[event.key] > 0 ? 0 : at + steps[event.key]);
  });
}
)js";
}

}  // namespace lakh::load
