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
  // The colours are those of a light page, for a page whose style sheet may not be read; the style sheet goes before.
  var losses = [{ name: data.losses[0], css: "mse", colour: "#c25200" }, { name: data.losses[1], css: "bce", colour: "#0068a8" }];
  var wanted = {}; // what the reader chose last for each control, whether or not it can be had where the others stand
  var gone = []; // sentences on what was asked for and gave way
  var standing = []; // those that held at the last choice, and have been read

  // --- Choices ---

  function distinct(values) {
    return values.filter(function (value, i) { return values.indexOf(value) === i; });
  }

  /* Fill a select with [value, text, whether it can be chosen], keep what is wanted where that is possible. */
  function fill(name, options, asked) {
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
    var kept = open.some(function (option) { return option[0] === wanted[name]; });
    select.value = kept ? wanted[name] : open.length ? open[Math.floor((open.length - 1) / 2)][0] : "";
    select.disabled = open.length < 2;
    if (!kept && wanted[name] && asked(name)) {
      var named = options.filter(function (option) { return option[0] === wanted[name]; })[0];
      giveWay(select.labels[0].textContent, named ? named[1] : wanted[name], select.selectedOptions[0].text);
    }
  }

  function giveWay(label, missing, shown) {
    gone.push(label + ": no \u201c" + missing + "\u201d here, \u201c" + shown + "\u201d is shown.");
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

  /* Bring all controls into agreement with what is wanted. What is impossible gives way; where it was `asked` for (name
     to whether), not merely usual, that is told. */
  function choose(asked) {
    gone = [];
    fill("data", distinct(data.settings.map(function (s) { return s.name; })).map(function (n) { return [n, n]; }), asked);
    var own = data.settings.filter(function (s) { return s.name === controls.data.value; });
    byId("separability-label").textContent = own[0].symbol === "separability" ? "Separability" : "Separability (" + own[0].symbol + ")";
    fill("separability", own.map(function (s) { return [s.separability || "", s.separability || "as it is"]; }), asked);

    var place = data.cells[settingIndex()];
    var has = function (i) { return place[i].some(function (cells) { return cells.some(function (cell) { return cell; }); }); };
    var kinds = distinct(data.starts.map(function (s) { return s.name; }));
    fill("start", kinds.map(function (kind) {
      return [kind, kind, data.starts.some(function (s, i) { return s.name === kind && has(i); })];
    }), asked);
    var sizes = [];
    data.starts.forEach(function (s, i) { if (s.name === controls.start.value) sizes.push([s.scale, s.name === "zero" ? "none" : s.scale, has(i)]); });
    fill("scale", sizes, asked);

    var targets = data.targets.map(function (t, k) {
      return [t.key, t.name, cellsHere().some(function (cells) { return cells[k]; })];
    });
    fill("target", targets, asked);
    var target = targetIndex();
    var cells = cellsHere();
    var policies = [];
    data.policies.forEach(function (p, i) {
      var old = policies.filter(function (q) { return q[0] === p.policy; })[0];
      var there = Boolean(cells[i][target]);
      if (old) { old[2] = old[2] || there; } else { policies.push([p.policy, p.name, there]); }
    });
    fill("policy", policies, asked);
    var rates = [];
    data.policies.forEach(function (p, i) {
      if (controls.policy.value === "equal" && p.policy === "equal") rates.push([p.rate, p.rate + "/L", Boolean(cells[i][target])]);
    });
    if (!rates.length) rates = [["", "set by the policy"]];
    fill("rate", rates, asked);
    names.filter(several).forEach(function (name) { wanted[name] = wanted[name] || controls[name].value; });
  }

  /* Whether a control has something to choose: a start of zero has no scale, a real data set one separability. */
  function several(name) {
    return controls[name].options.length > 1;
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

  function keepAddress() {
    try {
      history.replaceState(null, "", address());
    } catch (error) { /* an iframe with srcdoc has no address of its own */ }
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
      svg.appendChild(element("line", { x1: box.left, x2: box.width - box.right, y1: y(tick[0]), y2: y(tick[0]), class: "grid", stroke: "#dfe3e8" }));
      svg.appendChild(element("text", { x: box.left - 8, y: y(tick[0]) + 5, "text-anchor": "end" }, tick[1]));
    });
    data.ticks.forEach(function (tick) {
      svg.appendChild(element("line", { x1: x(tick[0]), x2: x(tick[0]), y1: y(0), y2: y(0) + 5, class: "axis", stroke: "#5c6570" }));
      svg.appendChild(element("text", { x: x(tick[0]), y: y(0) + 20, "text-anchor": "middle" }, tick[1]));
    });
    svg.appendChild(element("line", { x1: box.left, x2: box.width - box.right, y1: y(0), y2: y(0), class: "axis", stroke: "#5c6570" }));
    svg.appendChild(element("text", { x: (box.left + box.width - box.right) / 2, y: box.height - 8, "text-anchor": "middle" }, "step of gradient descent"));
    svg.setAttribute("aria-label", label);
  }

  function path(points) {
    return points.map(function (p) { return p[0].toFixed(1) + "," + p[1].toFixed(1); }).join(" ");
  }

  function line(svg, points, loss) {
    svg.appendChild(element("polyline", { points: path(points), class: "line " + loss.css, fill: "none", stroke: loss.colour }));
  }

  function visible() {
    return [0, 1].filter(function (i) { return shown() === "both" || shown() === losses[i].css; });
  }

  function drawSurvival(cell) {
    var svg = byId("survival"), rows = [];
    var ticks = [0, 0.25, 0.5, 0.75, 1].map(function (share) { return [share, 100 * share + "%"]; });
    var words = visible().map(function (i) {
      return losses[i].name + ": " + cell[9] + " at the start, " + cell[10 + i] + " after " + data.budget + " steps, median " + cell[4 + i] + " steps";
    });
    frame(svg, ticks, "Share of runs not yet at the target, by step. " + words.join("; ") + ".");
    visible().forEach(function (i) {
      var runs = data.survival && data.survival[settingIndex()][startIndex()][targetIndex()][i][cell[2 + i]];
      if (!runs) return;
      var share = runs[0], steps = runs.slice(2), left = 1, points = [];
      var add = function (step) { points.push([x(step), y(left)]); rows.push([losses[i].css, data.rates[cell[2 + i]], step, rounded(left)]); };
      add(0);
      steps.forEach(function (step, k) {
        points.push([x(step), y(left)]);
        left = 1 - share * (k + 1) / steps.length;
        add(step);
      });
      add(runs[1]);
      line(svg, points, losses[i]);
    });
    numbers(byId("survival-figure"), ["loss", "rate", "step", "share_not_yet"], rows);
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

  /* The losses whose curve was recorded at the rate that is chosen, with what is recorded of them. */
  function recorded(cell) {
    var group = data.curves && data.curves.values[settingIndex()][startIndex()][targetIndex()];
    return visible().filter(function (i) { return group && group[i] && cell[2 + i] === data.curves.rate; }).map(function (i) {
      return { loss: losses[i], packed: group[i], band: unpack(group[i], data.curves.steps.length) };
    });
  }

  function notRecorded(cell, found) {
    var absent = visible().filter(function (i) { return found.every(function (one) { return one.loss !== losses[i]; }); });
    if (!absent.length) return "";
    var which = absent.map(function (i) { return losses[i].name + " at " + data.rates[cell[2 + i]] + "/L"; }).join(" and ");
    return "No learning curve was recorded here of " + which + "." + (data.curves ? " Curves are recorded at " + data.rates[data.curves.rate] + "/L alone." : "");
  }

  function drawCurves(cell) {
    var svg = byId("curves"), target = targetIndex(), found = recorded(cell), rows = [];
    byId("curves-title").textContent = "Learning curves: " + data.targets[target].name;
    byId("curves-figure").hidden = !found.length;
    byId("curves-none").textContent = notRecorded(cell, found);
    svg.textContent = "";
    if (!found.length) return;
    var told = function (say) { return found.map(function (one) { return one.loss.name + ": " + say(one.packed); }).join("; ") + "."; };
    byId("curves-note").textContent = "Median and band from the 10% to the 90% quantile. Runs behind them: "
      + told(function (packed) { return packed[0]; }) + " Dotted: the target.";
    var limit = data.thresholds[settingIndex()][target];
    var top = Math.max.apply(null, found.map(function (one) { return Math.max.apply(null, one.band[2]); }).concat(limit === null ? [] : [limit])) * 1.05;
    frame(svg, scaleTicks(top), "Learning curves: median " + data.targets[target].name + " by step. " + told(function (packed) {
      return packed[1] + " at step " + data.curves.ends[0] + ", " + packed[2] + " at step " + data.curves.ends[1];
    }));
    found.forEach(function (one) {
      var at = function (values) { return values.map(function (value, k) { return [x(data.curves.steps[k]), y(value / top)]; }); };
      svg.appendChild(element("polygon", { points: path(at(one.band[0]).concat(at(one.band[2]).reverse())), class: "band " + one.loss.css, fill: one.loss.colour, "fill-opacity": 0.2 }));
      one.middle = at(one.band[1]);
      data.curves.steps.forEach(function (step, k) {
        rows.push([one.loss.css, data.rates[data.curves.rate], step].concat(one.band.map(function (values) { return rounded(values[k]); })));
      });
    });
    found.forEach(function (one) { line(svg, one.middle, one.loss); });
    if (limit !== null) svg.appendChild(element("line", { x1: box.left, x2: box.width - box.right, y1: y(limit / top), y2: y(limit / top), class: "threshold", stroke: "#5c6570" }));
    numbers(byId("curves-figure"), ["loss", "rate", "step", "low", "median", "high"], rows);
  }

  // --- For saving: what a file needs to be read without the page ---

  function rounded(value) {
    return Number(value.toPrecision(4));
  }

  /* What the controls say, as columns of the table `slowdown`. */
  function choice() {
    var start = data.starts[startIndex()], policy = data.policies[policyIndex()];
    return [["dataset", controls.data.value], ["separability", controls.separability.value], ["initialisation", start.name],
      ["scale", start.scale], ["policy", policy.policy], ["target", controls.target.value]];
  }

  /* Leave with an element the rows that it shows, the setting before each, and for a chart what stands around it. */
  function numbers(place, head, rows) {
    var here = choice();
    place.rows = [here.map(function (one) { return one[0]; }).concat(head)].concat(rows.map(function (row) {
      return here.map(function (one) { return one[1]; }).concat(row);
    }));
    var title = place.querySelector(".charttitle");
    place.heading = title && { title: title.textContent, setting: byId("where").textContent, legend: visible().map(function (i) { return losses[i]; }) };
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
    }).join(". ") + "." + (cell[12] ? " " + cell[12] : "");
    byId("told").textContent = gone.filter(function (one) { return standing.indexOf(one) < 0; }).join(" ");
    standing = gone;
    var plain = function (words) { return words.replace(/,/g, ""); };
    numbers(byId("numbers"), ["rate_mse", "rate_bce", "text", "mse_median", "bce_median", "mse_reached", "bce_reached", "starts"],
      [[data.rates[cell[2]], data.rates[cell[3]], cell[13], plain(cell[4]), plain(cell[5]), cell[6], cell[7], cell[8]]]);
    draw();
  }

  function draw() {
    var cell = cellsHere()[policyIndex()][targetIndex()];
    drawCurves(cell);
    drawSurvival(cell);
  }

  /* Show what the reader chooses. What else has to change for it is told; so is what comes back. */
  function changed(event) {
    var before = {};
    names.filter(several).forEach(function (name) { before[name] = controls[name].value; });
    names.forEach(function (name) { if (controls[name] === event.target) wanted[name] = event.target.value; });
    choose(several);
    names.forEach(function (name) {
      var now = controls[name];
      if (now === event.target || !(name in before) || !several(name)) return;
      if (now.value !== before[name] && now.value === wanted[name]) gone.push(now.labels[0].textContent + ": \u201c" + now.selectedOptions[0].text + "\u201d again.");
    });
    render();
    keepAddress();
  }

  /* Show what a link chooses, the usual where it is silent; what gave way gives way in the address too. */
  function open(link) {
    wanted = Object.assign({}, usual, link);
    choose(function (name) { return link && name in link; });
    names.filter(several).forEach(function (name) { wanted[name] = controls[name].value; });
    var known = radios.filter(function (radio) { return link && radio.value === link.show; })[0];
    (known || radios[0]).checked = true;
    if (link && link.show && !known) giveWay("Lines", link.show, shown());
    standing = [];
    render();
    if (link) keepAddress();
  }

  var first = data.settings[data.first[0]], start = data.starts[data.first[1]], policy = data.policies[data.first[2]];
  var usual = {
    data: first.name, separability: first.separability || "", start: start.name, scale: start.scale,
    policy: policy.policy, rate: policy.rate, target: data.targets[data.first[3]].key
  };
  names.forEach(function (name) { controls[name].addEventListener("change", changed); });
  radios.forEach(function (radio) { radio.addEventListener("change", changed); });
  window.addEventListener("hashchange", function () { if (fromAddress()) open(fromAddress()); });
  window.addEventListener("resize", draw);
  document.getElementById("explorer").hidden = false;
  byId("off").hidden = true;
  byId("linked").hidden = window !== window.top; // the address of a frame is not to be seen
  open(fromAddress());
  if (fromAddress()) document.getElementById("explore").scrollIntoView();
}());
