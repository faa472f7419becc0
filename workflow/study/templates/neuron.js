/* One neuron, one sample (x = 1, y = 0), both losses. The arithmetic is that of `kernels.descend`, operation
   by operation in float64, fused multiply-adds included: its parameters are the kernels' to the bit. */
var neuron = (function () {
  "use strict";
  var real = new Float64Array(1), word = new Uint32Array(real.buffer); // word[1] is the upper half

  /* x + y, but the odd one of its two neighbours where it is not exact (Boldo and Melquiond 2008). */
  function odd(x, y) {
    var sum = x + y, part = sum - x, rest = (x - (sum - part)) + (y - part);
    if (rest === 0) return sum;
    real[0] = sum;
    if (word[0] & 1) return sum;
    if ((rest > 0) === (sum > 0)) {
      word[0] += 1;
    } else {
      if (word[0] === 0) word[1] -= 1;
      word[0] -= 1;
    }
    return real[0];
  }

  /* a b + c, rounded once: the product exactly in two parts (Dekker 1971), then the sum. */
  function fma(a, b, c) {
    var t = 134217729 * a, ah = t - (t - a), al = a - ah, p = a * b;
    t = 134217729 * b;
    var bh = t - (t - b), bl = b - bh, e = al * bl - (((p - ah * bh) - al * bh) - ah * bl);
    var u = c + e, d = u - c, ul = (c - (u - d)) + (e - d);
    var v = p + u;
    d = v - p;
    return v + odd((p - (v - d)) + (u - d), ul);
  }

  var shifter = 6755399441055744; // 1.5 * 2^52
  var taylor = [2.763024837921144e-07, 2.7557586373840165e-06, 2.480149309890655e-05, 0.00019841269506578688,
    0.0013888888943630114, 0.008333333333494461, 0.041666666666530155, 0.16666666666666413,
    0.5000000000000011, 1, 1]; // after 2.5000061602835666e-08; see `kernels/arithmetic.py`

  function exp(x) {
    x = x > 708 ? 708 : x < -708 ? -708 : x;
    var k = fma(x, 1.4426950408889634, shifter) - shifter;
    var r = fma(k, -5.497923018708371e-14, fma(k, -0.6931471805598903, x)), p = 2.5000061602835666e-08;
    for (var i = 0; i < taylor.length; i += 1) p = fma(p, r, taylor[i]);
    word[0] = 0;
    word[1] = (k + 1023) << 20;
    return p * real[0];
  }

  var slopes = {
    mse: function (z) {
      var e = exp(-z), p = 1 / (1 + e);
      return p * (p * e) * p;
    },
    bce: function (z) { return 1 / (1 + exp(-z)); }
  };

  var optimisers = {
    gd: function (rate) {
      return function (theta, gradient) { return fma(-rate, gradient, theta); };
    },
    adam: function (rate) { // weight and bias have the same gradient, so one memory serves both
      var first = 0, second = 0, ones = [0, 0], last;
      return function (theta, gradient, fresh) {
        if (fresh) {
          ones = [fma(0.9, ones[0], 1 - 0.9), fma(0.999, ones[1], 1 - 0.999)];
          first = fma(0.9, first, (1 - 0.9) * gradient);
          second = fma(0.999, second, (1 - 0.999) * (gradient * gradient));
          last = first / (Math.sqrt(second * (1 / ones[1])) + 1e-8);
        }
        return fma(-(rate / ones[0]), last, theta);
      };
    }
  };

  /* Weight, bias, output, loss and gradient after 0, 1, ... `steps` updates. */
  function descend(loss, optimiser, w, b, rate, steps) {
    var out = {}, move = optimisers[optimiser](rate), slope = slopes[loss];
    ["w", "b", "output", "loss", "gradient"].forEach(function (name) {
      out[name] = new Float64Array(steps + 1);
    });
    for (var k = 0; k <= steps; k += 1) {
      var z = fma(1, b, w), gradient = slope(z), p = 1 / (1 + exp(-z));
      out.w[k] = w;
      out.b[k] = b;
      out.output[k] = p;
      out.gradient[k] = gradient;
      out.loss[k] = loss === "mse" ? 0.5 * p * p : (z > 0 ? z : 0) + Math.log1p(exp(-Math.abs(z)));
      w = move(w, gradient, true);
      b = move(b, gradient, false);
    }
    return out;
  }

  return { descend: descend };
}());

/* The demonstration: from the controls to two runs, and from a number of updates to what is shown of them. */
(function () {
  "use strict";
  var byId = function (id) { return document.getElementById("neuron-" + id); };
  if (!byId("preset")) return;
  var losses = [["mse", "MSE", "#c25200"], ["bce", "BCE", "#0068a8"]]; // colours where styles may not be read
  var box = { narrow: 300, width: 480, wide: 560, height: 190, left: 46, right: 46, top: 12, bottom: 40 };
  var still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  var runs, updates, at, playing = 0, svg = byId("chart");
  var presets = byId("preset"), rate = byId("rate"), rates = rate.dataset.rates.split(" ");

  function element(name, attributes, text) {
    var out = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.keys(attributes).forEach(function (key) { out.setAttribute(key, attributes[key]); });
    if (text) out.textContent = text;
    svg.appendChild(out);
  }

  function x(k) { return box.left + (box.width - box.left - box.right) * k / updates; }

  function y(share) { return box.top + (box.height - box.top - box.bottom) * (1 - share); }

  function written(value, decimals) {
    var small = value !== 0 && Math.abs(value) < 1e-4;
    return (small ? value.toExponential(1) : value.toFixed(decimals)).replace(/-/g, "\u2212");
  }

  function grouped(count) { return String(count).replace(/(\d)(?=(\d{3})+$)/g, "$1,"); }

  function draw() {
    var shown = byId("shown").value, top = shown === "output" ? 1 : 0, ends = [];
    losses.forEach(function (loss) {
      top = Math.max(top, Math.max.apply(null, sampled(runs[loss[0]][shown])));
    });
    top = top || 1;
    box.width = Math.min(Math.max(svg.parentNode.clientWidth, box.narrow), box.wide); // text keeps its size
    svg.setAttribute("viewBox", "0 0 " + box.width + " " + box.height);
    svg.textContent = "";
    [0, 0.5, 1].forEach(function (share) {
      element("line", { x1: x(0), x2: x(updates), y1: y(share), y2: y(share), class: "grid" });
      var tick = String(+(share * top).toPrecision(2));
      element("text", { x: x(0) - 6, y: y(share) + 5, "text-anchor": "end" }, tick);
    });
    [0, 0.5, 1].forEach(function (share) {
      var count = share * updates;
      element("text", { x: x(count), y: y(0) + 19, "text-anchor": "middle" }, grouped(count));
    });
    element("text", { x: x(updates / 2), y: box.height - 4, "text-anchor": "middle" }, "update");
    losses.forEach(function (loss) {
      var values = runs[loss[0]][shown], points = [], every = Math.max(1, updates / 300);
      for (var k = 0; k <= at; k += every) points.push(x(k).toFixed(1) + "," + y(values[k] / top).toFixed(1));
      points.push(x(at).toFixed(1) + "," + y(values[at] / top).toFixed(1));
      element("polyline", {
        points: points.join(" "), class: "line " + loss[0], fill: "none", stroke: loss[2]
      });
      element("circle", { cx: x(at), cy: y(values[at] / top), r: 4, class: loss[0], fill: loss[2] });
      ends.push([loss, y(values[at] / top)]);
    });
    ends.sort(function (one, other) { return one[1] - other[1]; });
    if (ends[1][1] - ends[0][1] < 17) { // names do not cover each other
      var middle = Math.min((ends[0][1] + ends[1][1]) / 2, y(0) - 9);
      ends[0][1] = middle - 8.5;
      ends[1][1] = middle + 8.5;
    }
    ends.forEach(function (end) {
      element("text", { x: x(at) + 7, y: end[1] + 5, class: end[0][0], fill: end[0][2] }, end[0][1]);
    });
    losses.forEach(function (loss) {
      ["output", "loss", "gradient", "w", "b"].forEach(function (name) {
        byId(loss[0] + "-" + name).textContent = written(runs[loss[0]][name][at], name.length > 1 ? 4 : 2);
      });
    });
    byId("count").textContent = grouped(at) + " of " + grouped(updates);
  }

  function sampled(values) {
    var out = [], every = Math.max(1, updates / 300);
    for (var k = 0; k <= updates; k += every) out.push(values[k]);
    return out;
  }

  function told() {
    byId("told").textContent = "After " + grouped(at) + (at === 1 ? " update" : " updates")
      + " the output is " + losses.map(function (loss) {
        return written(runs[loss[0]].output[at], 4) + " with " + loss[1];
      }).join(" and ") + "; it should be 0.";
    var label = "The " + byId("shown").value + " by update. " + byId("told").textContent;
    svg.setAttribute("aria-label", label);
  }

  function stop() {
    if (playing) cancelAnimationFrame(playing);
    playing = 0;
    byId("play").textContent = "Play";
  }

  function show(update) {
    at = Math.max(0, Math.min(updates, update));
    draw();
    if (!playing) told();
  }

  function compute() {
    stop();
    var share = updates ? at / updates : 1; // how far along is kept, so that a slider moves whole lines
    updates = +byId("updates").value;
    var chosen = rates[rate.value];
    rate.setAttribute("aria-valuetext", chosen);
    ["w", "b"].forEach(function (name) {
      byId(name + "-value").textContent = (+byId(name).value).toFixed(1).replace("-", "\u2212");
    });
    byId("rate-value").textContent = chosen;
    runs = {};
    losses.forEach(function (loss) {
      runs[loss[0]] = neuron.descend(
        loss[0], byId("optimiser").value, +byId("w").value, +byId("b").value, +chosen, updates);
    });
    show(Math.round(share * updates));
  }

  function preset() {
    var chosen = presets.selectedOptions[0].dataset;
    if (!chosen.w) return compute();
    ["w", "b", "optimiser", "updates"].forEach(function (name) { byId(name).value = chosen[name]; });
    rate.value = rates.indexOf(chosen.rate);
    compute();
  }

  /* The whole run in six seconds, however long it is. */
  function play() {
    if (playing) return stop(), told();
    if (at === updates) at = 0;
    var begun = null, from = at;
    byId("play").textContent = "Pause";
    playing = requestAnimationFrame(function frame(now) {
      if (begun === null) begun = now;
      playing = requestAnimationFrame(frame);
      var next = from + Math.floor((now - begun) / 6000 * updates);
      if (next >= updates) stop();
      show(next);
    });
  }

  byId("play").addEventListener("click", play);
  byId("step").addEventListener("click", function () { stop(); show(at + 1); });
  byId("end").addEventListener("click", function () { stop(); show(updates); });
  byId("reset").addEventListener("click", function () { stop(); show(0); });
  presets.addEventListener("change", preset);
  byId("shown").addEventListener("change", function () { show(at); });
  ["w", "b", "rate"].forEach(function (name) { byId(name).addEventListener("input", own); });
  ["optimiser", "updates"].forEach(function (name) { byId(name).addEventListener("change", own); });

  function own() {
    presets.value = "own";
    compute();
  }

  window.addEventListener("resize", draw);
  byId("play").hidden = still;
  document.getElementById("neuron").hidden = false;
  document.getElementById("neuron-picture").classList.add("replaced");
  preset();
}());
