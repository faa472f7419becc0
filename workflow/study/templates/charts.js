/* Charts: lines and bands against the step of gradient descent, on a logarithmic axis, in an SVG element.
   `last` is the last step, `stepTicks` holds [step, text] of the axis. */
var explorerCharts = function (last, stepTicks) {
  "use strict";
  var box = { narrow: 300, width: 520, wide: 520, height: 300, left: 58, right: 12, top: 14, bottom: 46 };
  var muted = "#5c6570"; // of a light page, for a page whose style sheet may not be read

  function element(name, attributes, text) {
    var out = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.keys(attributes).forEach(function (key) { out.setAttribute(key, attributes[key]); });
    if (text !== undefined) out.textContent = text;
    return out;
  }

  function x(step) {
    var inner = box.width - box.left - box.right;
    return box.left + inner * Math.log10(Math.max(step, 0.8) / 0.8) / Math.log10(last / 0.8);
  }

  function y(share) {
    return box.height - box.bottom - (box.height - box.top - box.bottom) * share;
  }

  function path(points) {
    return points.map(function (p) { return p[0].toFixed(1) + "," + p[1].toFixed(1); }).join(" ");
  }

  /* Draw a line across the whole chart at a share of its height. */
  function across(svg, share, name, colour) {
    svg.appendChild(element("line", {
      x1: box.left, x2: box.width - box.right, y1: y(share), y2: y(share), class: name, stroke: colour
    }));
  }

  /* Empty a chart and draw its axes: `ticks` holds [share of the height, text]. */
  function frame(svg, ticks, label) {
    svg.textContent = "";
    box.width = Math.min(Math.max(svg.parentNode.clientWidth, box.narrow), box.wide); // text keeps its size
    svg.setAttribute("viewBox", "0 0 " + box.width + " " + box.height);
    ticks.forEach(function (tick) {
      across(svg, tick[0], "grid", "#dfe3e8");
      svg.appendChild(element("text", { x: box.left - 8, y: y(tick[0]) + 5, "text-anchor": "end" }, tick[1]));
    });
    stepTicks.forEach(function (tick) {
      var at = x(tick[0]);
      var mark = { x1: at, x2: at, y1: y(0), y2: y(0) + 5, class: "axis", stroke: muted };
      svg.appendChild(element("line", mark));
      svg.appendChild(element("text", { x: at, y: y(0) + 20, "text-anchor": "middle" }, tick[1]));
    });
    across(svg, 0, "axis", muted);
    var middle = (box.left + box.width - box.right) / 2;
    svg.appendChild(
      element("text", { x: middle, y: box.height - 8, "text-anchor": "middle" }, "step of gradient descent"));
    svg.setAttribute("aria-label", label);
  }

  function line(svg, points, loss) {
    svg.appendChild(element("polyline", {
      points: path(points), class: "line " + loss.css, fill: "none", stroke: loss.colour
    }));
  }

  function band(svg, low, high, loss) {
    svg.appendChild(element("polygon", {
      points: path(low.concat(high.slice().reverse())), class: "band " + loss.css, fill: loss.colour,
      "fill-opacity": 0.2
    }));
  }

  function threshold(svg, share) {
    across(svg, share, "threshold", muted);
  }

  /* Ticks of an axis from 0 to `top`: [share of the height, text]. */
  function ticksUpTo(top) {
    var unit = Math.pow(10, Math.floor(Math.log10(top)));
    var steps = [0.2, 0.5, 1, 2].map(function (m) { return m * unit; });
    var step = steps.filter(function (s) { return top / s <= 6; })[0];
    var out = [];
    for (var k = 0; k * step <= top * 1.001; k += 1) {
      out.push([k * step / top, String(Number((k * step).toPrecision(3)))]);
    }
    return out;
  }

  return { x: x, y: y, frame: frame, line: line, band: band, threshold: threshold, ticksUpTo: ticksUpTo };
};
