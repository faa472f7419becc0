/* The explorer: choices in, words and two charts out. Every number in words comes ready from the data. */
(function () {
  "use strict";
  var source = document.getElementById("explorer-data-json");
  if (!source) return;
  var data = JSON.parse(source.textContent);
  var byId = function (id) { return document.getElementById("explorer-" + id); };
  var names = ["data", "separability", "start", "scale", "policy", "rate", "target"];
  var controls = {};
  names.forEach(function (name) { controls[name] = byId(name); });
  var radios = [].slice.call(document.querySelectorAll("input[name=explorer-show]")); // the first is `both`
  var losses = [{ name: data.losses[0], css: "mse" }, { name: data.losses[1], css: "bce" }];
  var gone = []; // what was asked for and gave way: name of the choice, and a sentence

  // --- Choices ---

  function distinct(values) {
    return values.filter(function (value, i) { return values.indexOf(value) === i; });
  }

  /* Fill a select with [value, text, whether it can be chosen], keep what is wanted where that is possible. */
  function fill(name, options, wanted, asked) {
    var select = controls[name];
    select.textContent = "";
    options.forEach(function (option) {
      var element = document.createElement("option");
      element.value = option[0];
      element.textContent = option[1];
      element.disabled = option[2] === false;
      select.appendChild(element);
    });
    var open = options.filter(function (option) { return option[2] !== false; });
    var kept = open.some(function (option) { return option[0] === wanted; });
    select.value = kept ? wanted : open.length ? open[Math.floor((open.length - 1) / 2)][0] : "";
    select.disabled = open.length < 2;
    if (!kept && asked[name]) {
      var named = options.filter(function (option) { return option[0] === wanted; })[0];
      giveWay(name, select.labels[0].textContent, named ? named[1] : wanted, select.selectedOptions[0].text);
    }
  }

  function giveWay(name, label, wanted, shown) {
    gone.push([name, label + ": no \u201c" + wanted + "\u201d here, \u201c" + shown + "\u201d is shown."]);
  }

  function settingIndex() {
    return data.settings.findIndex(function (setting) {
      return setting.name === controls.data.value && (setting.separability || "") === controls.separability.value;
    });
  }

  function startIndex() {
    return data.starts.findIndex(function (start) {
      return start.name === controls.start.value && (start.name === "zero" || start.scale === controls.scale.value);
    });
  }

  function policyIndex() {
    return data.policies.findIndex(function (policy) {
      return policy.policy === controls.policy.value && (policy.policy !== "equal" || policy.rate === controls.rate.value);
    });
  }

  function targetIndex() {
    return data.targets.findIndex(function (target) { return target.key === controls.target.value; });
  }

  function cellsHere() {
    return data.cells[settingIndex()][startIndex()];
  }

  /* Bring all choices into agreement with `wanted` (name to value). What is impossible gives way; where it was `asked`
     for, not merely usual, that is told. */
  function choose(wanted, asked) {
    gone = [];
    fill("data", distinct(data.settings.map(function (s) { return s.name; })).map(function (n) { return [n, n]; }), wanted.data, asked);
    var own = data.settings.filter(function (s) { return s.name === controls.data.value; });
    byId("separability-label").textContent = own[0].symbol === "separability" ? "Separability" : "Separability (" + own[0].symbol + ")";
    fill("separability", own.map(function (s) { return [s.separability || "", s.separability || "as it is"]; }), wanted.separability, asked);

    var place = data.cells[settingIndex()];
    var has = function (i) { return place[i].some(function (cells) { return cells.some(function (cell) { return cell; }); }); };
    var kinds = distinct(data.starts.map(function (s) { return s.name; }));
    fill("start", kinds.map(function (kind) {
      return [kind, kind, data.starts.some(function (s, i) { return s.name === kind && has(i); })];
    }), wanted.start, asked);
    var sizes = [];
    data.starts.forEach(function (s, i) { if (s.name === controls.start.value) sizes.push([s.scale, s.name === "zero" ? "none" : s.scale, has(i)]); });
    fill("scale", sizes, wanted.scale, asked);

    var targets = data.targets.map(function (t, k) {
      return [t.key, t.name, cellsHere().some(function (cells) { return cells[k]; })];
    });
    fill("target", targets, wanted.target, asked);
    var target = targetIndex();
    var cells = cellsHere();
    var policies = [];
    data.policies.forEach(function (p, i) {
      var old = policies.filter(function (q) { return q[0] === p.policy; })[0];
      var there = Boolean(cells[i][target]);
      if (old) { old[2] = old[2] || there; } else { policies.push([p.policy, p.name, there]); }
    });
    fill("policy", policies, wanted.policy, asked);
    var rates = [];
    data.policies.forEach(function (p, i) {
      if (controls.policy.value === "equal" && p.policy === "equal") rates.push([p.rate, p.rate + "/L", Boolean(cells[i][target])]);
    });
    if (!rates.length) rates = [["", "set by the policy"]];
    fill("rate", rates, wanted.rate, asked);
  }

  /* Whether a control has something to choose: a start of zero has no scale, a real data set one separability. */
  function several(name) {
    return controls[name].options.length > 1;
  }

  function chosen() {
    var out = {};
    names.filter(several).forEach(function (name) { out[name] = controls[name].value; });
    return out;
  }

  function shown() {
    return document.querySelector("input[name=explorer-show]:checked").value;
  }

  // --- The address ---

  function address() {
    var parts = [];
    names.forEach(function (name) {
      if (controls[name].value) parts.push(name + "=" + encodeURIComponent(controls[name].value));
    });
    parts.push("show=" + shown());
    return "#explore?" + parts.join("&");
  }

  function fromAddress() {
    if (location.hash.indexOf("#explore?") !== 0) return null;
    var out = {};
    location.hash.slice(9).split("&").forEach(function (part) {
      var at = part.indexOf("=");
      var value = part.slice(at + 1);
      try {
        value = decodeURIComponent(value);
      } catch (error) { /* a broken value is no choice; as it stands it is told to have given way */ }
      out[part.slice(0, at)] = value;
    });
    return out;
  }

  // --- Charts ---

  var box = { narrow: 300, width: 520, wide: 520, height: 300, left: 58, right: 12, top: 14, bottom: 46 };

  function element(name, attributes, text) {
    var out = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.keys(attributes).forEach(function (key) { out.setAttribute(key, attributes[key]); });
    if (text !== undefined) out.textContent = text;
    return out;
  }

  function x(step) {
    var inner = box.width - box.left - box.right;
    return box.left + inner * Math.log10(Math.max(step, 0.8) / 0.8) / Math.log10(data.last / 0.8);
  }

  function y(share) {
    return box.height - box.bottom - (box.height - box.top - box.bottom) * share;
  }

  function frame(svg, ticks, label) {
    svg.textContent = "";
    box.width = Math.min(Math.max(svg.parentNode.clientWidth, box.narrow), box.wide); // so that letters keep their size
    svg.setAttribute("viewBox", "0 0 " + box.width + " " + box.height);
    ticks.forEach(function (tick) {
      svg.appendChild(element("line", { x1: box.left, x2: box.width - box.right, y1: y(tick[0]), y2: y(tick[0]), class: "grid" }));
      svg.appendChild(element("text", { x: box.left - 8, y: y(tick[0]) + 5, "text-anchor": "end" }, tick[1]));
    });
    data.ticks.forEach(function (tick) {
      svg.appendChild(element("line", { x1: x(tick[0]), x2: x(tick[0]), y1: y(0), y2: y(0) + 5, class: "axis" }));
      svg.appendChild(element("text", { x: x(tick[0]), y: y(0) + 20, "text-anchor": "middle" }, tick[1]));
    });
    svg.appendChild(element("line", { x1: box.left, x2: box.width - box.right, y1: y(0), y2: y(0), class: "axis" }));
    svg.appendChild(element("text", { x: (box.left + box.width - box.right) / 2, y: box.height - 8, "text-anchor": "middle" }, "step of gradient descent"));
    svg.setAttribute("aria-label", label);
  }

  function line(svg, points, css) {
    svg.appendChild(element("polyline", { points: points.map(function (p) { return p[0].toFixed(1) + "," + p[1].toFixed(1); }).join(" "), class: "line " + css }));
  }

  function visible() {
    return [0, 1].filter(function (i) { return shown() === "both" || shown() === losses[i].css; });
  }

  function drawSurvival(cell) {
    var svg = byId("survival");
    var ticks = [0, 0.25, 0.5, 0.75, 1].map(function (share) { return [share, 100 * share + "%"]; });
    var words = visible().map(function (i) {
      return losses[i].name + ": " + cell[9] + " at the start, " + cell[10 + i] + " after " + data.budget + " steps, median " + cell[4 + i] + " steps";
    });
    frame(svg, ticks, "Share of runs not yet at the target, by step. " + words.join("; ") + ".");
    visible().forEach(function (i) {
      var runs = data.survival && data.survival[settingIndex()][startIndex()][targetIndex()][i][cell[2 + i]];
      if (!runs) return;
      var share = runs[0], steps = runs.slice(2), left = 1, points = [[x(0), y(1)]];
      steps.forEach(function (step, k) {
        points.push([x(step), y(left)]);
        left = 1 - share * (k + 1) / steps.length;
        points.push([x(step), y(left)]);
      });
      points.push([x(runs[1]), y(left)]);
      line(svg, points, losses[i].css);
    });
  }

  function unpack(packed, count) {
    var bytes = atob(packed[4]), out = [[], [], []];
    for (var k = 0; k < bytes.length; k += 1) out[Math.floor(k / count)].push(bytes.charCodeAt(k) / 255 * packed[3]);
    return out;
  }

  function scaleTicks(top) {
    var unit = Math.pow(10, Math.floor(Math.log10(top)));
    var step = [0.2, 0.5, 1, 2].map(function (m) { return m * unit; }).filter(function (s) { return top / s <= 6; })[0];
    var out = [];
    for (var k = 0; k * step <= top * 1.001; k += 1) out.push([k * step / top, String(Number((k * step).toPrecision(3)))]);
    return out;
  }

  function drawCurves(cell) {
    var svg = byId("curves"), target = targetIndex();
    var group = data.curves && data.curves.values[settingIndex()][startIndex()][target];
    var bands = visible().map(function (i) { return [i, group && group[i] && unpack(group[i], data.curves.steps.length)]; });
    bands = bands.filter(function (band) { return band[1]; });
    byId("curves-title").textContent = "Learning curves: " + data.targets[target].name;
    byId("curves-figure").hidden = !bands.length;
    byId("curves-none").hidden = bands.length > 0;
    if (!bands.length) return;
    var told = function (say) { return bands.map(function (band) { return losses[band[0]].name + ": " + say(group[band[0]]); }).join("; ") + "."; };
    var rate = data.curves.rate;
    var same = cell[2] === rate && cell[3] === rate;
    byId("curves-note").textContent = "Median and band from the 10% to the 90% quantile. Runs behind them: "
      + told(function (packed) { return packed[0]; })
      + (same ? "" : " At equal rates of " + data.rates[rate] + "/L: curves were recorded at that rate alone, not at the one chosen.")
      + " Dotted: the target.";
    var limit = data.thresholds[settingIndex()][target];
    var top = Math.max.apply(null, bands.map(function (band) { return Math.max.apply(null, band[1][2]); }).concat(limit === null ? [] : [limit])) * 1.05;
    frame(svg, scaleTicks(top), "Learning curves: median " + data.targets[target].name + " by step. " + told(function (packed) {
      return packed[1] + " at step " + data.curves.ends[0] + ", " + packed[2] + " at step " + data.curves.ends[1];
    }));
    bands.forEach(function (band) {
      var at = function (values, k) { return [x(data.curves.steps[k]), y(values[k] / top)]; };
      var low = band[1][0].map(function (_, k) { return at(band[1][0], k); });
      var high = band[1][2].map(function (_, k) { return at(band[1][2], k); });
      svg.appendChild(element("polygon", { points: low.concat(high.reverse()).map(function (p) { return p[0].toFixed(1) + "," + p[1].toFixed(1); }).join(" "), class: "band " + losses[band[0]].css }));
    });
    bands.forEach(function (band) {
      line(svg, band[1][1].map(function (value, k) { return [x(data.curves.steps[k]), y(value / top)]; }), losses[band[0]].css);
    });
    if (limit !== null) svg.appendChild(element("line", { x1: box.left, x2: box.width - box.right, y1: y(limit / top), y2: y(limit / top), class: "threshold" }));
  }

  // --- The whole ---

  function render() {
    var cell = cellsHere()[policyIndex()][targetIndex()];
    var setting = data.settings[settingIndex()], start = data.starts[startIndex()];
    var where = setting.name + (setting.separability ? ", " + setting.symbol + " = " + setting.separability : "") + "; "
      + start.name + " start" + (start.name === "zero" ? "" : " of size " + start.scale) + "; "
      + "MSE at " + data.rates[cell[2]] + "/L, BCE at " + data.rates[cell[3]] + "/L; target: " + data.targets[targetIndex()].name + ".";
    byId("value").textContent = cell[0] || "";
    byId("label").textContent = cell[0] ? "as many steps with MSE as with BCE" : "No ratio can be given:";
    byId("interval").textContent = cell[1];
    byId("where").textContent = where;
    byId("steps").textContent = losses.map(function (loss, i) {
      return loss.name + ": median " + cell[4 + i] + " steps, " + cell[6 + i] + " of " + cell[8] + " runs arrived";
    }).join(". ") + ".";
    byId("told").textContent = gone.map(function (one) { return one[1]; }).join(" ");
    draw();
  }

  function draw() {
    var cell = cellsHere()[policyIndex()][targetIndex()];
    drawCurves(cell);
    drawSurvival(cell);
  }

  function changed() {
    var before = chosen();
    choose(before, before);
    gone = gone.filter(function (one) { return several(one[0]); }); // a control left with one option speaks for itself
    render();
    history.replaceState(null, "", address());
  }

  /* Show what a link chooses, the usual where it is silent; what gave way gives way in the address too. */
  function open(link) {
    choose(Object.assign({}, usual, link), link || {});
    var known = radios.filter(function (radio) { return link && radio.value === link.show; })[0];
    (known || radios[0]).checked = true;
    if (link && link.show && !known) giveWay("show", "Lines", link.show, shown());
    render();
    if (link) history.replaceState(null, "", address());
  }

  var setting = data.settings[data.first[0]], start = data.starts[data.first[1]], policy = data.policies[data.first[2]];
  var usual = {
    data: setting.name, separability: setting.separability || "", start: start.name, scale: start.scale,
    policy: policy.policy, rate: policy.rate, target: data.targets[data.first[3]].key
  };
  names.forEach(function (name) { controls[name].addEventListener("change", changed); });
  radios.forEach(function (radio) { radio.addEventListener("change", changed); });
  window.addEventListener("hashchange", function () { if (fromAddress()) open(fromAddress()); });
  window.addEventListener("resize", draw);
  document.getElementById("explorer").hidden = false;
  open(fromAddress());
  if (fromAddress()) document.getElementById("explore").scrollIntoView();
}());
