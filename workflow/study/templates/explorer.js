/* The explorer: from choices to words and two charts. Numbers in words come ready-made from the data. */
(function () {
  "use strict";
  var source = document.getElementById("explorer-data-json");
  if (!source) return;
  var data = JSON.parse(source.textContent);
  data.cells = unpackCell(data.cells);
  var byId = function (id) { return document.getElementById("explorer-" + id); };
  var names = ["data", "separability", "start", "scale", "policy", "rate", "target"];
  var controls = {};
  names.forEach(function (name) { controls[name] = byId(name); });
  var radios = [].slice.call(document.querySelectorAll("input[name=explorer-show]")); // the first is `both`
  var charts = explorerCharts(data.last, data.ticks);
  // Colours of a light page, for a page whose style sheet may not be read; the style sheet overrides them.
  var losses = [
    { name: data.losses[0], css: "mse", colour: "#c25200" },
    { name: data.losses[1], css: "bce", colour: "#0068a8" }
  ];
  var wanted = {}; // the reader's last choice for each control, even if the other choices exclude it
  var replaced = []; // sentences on choices that were not available and were replaced
  var announced = []; // those that were shown at the last choice

  // --- What `packing.py` made small ---

  /* Texts are places in a list, numbers are below 0. */
  function unpackCell(value) {
    if (Array.isArray(value)) return value.map(unpackCell);
    if (value === null) return null;
    return value < 0 ? -1 - value : data.words[value];
  }

  /* The steps of a group of arrivals: differences in base 64, five bits a letter, the lowest first. */
  function unpackSteps(text) {
    var letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    var out = [], last = 0, rest = 0, weight = 1;
    for (var k = 0; k < text.length; k += 1) {
      var digit = letters.indexOf(text[k]);
      rest += digit % 32 * weight;
      weight *= 32;
      if (digit >= 32) continue;
      last += rest;
      out.push(last);
      rest = 0;
      weight = 1;
    }
    return out;
  }

  // --- Choices ---

  function distinct(values) {
    return values.filter(function (value, i) { return values.indexOf(value) === i; });
  }

  /* What is shown instead of a value that is not there: the default, else the middle one. */
  function substitute(name, open) {
    if (open.some(function (option) { return option[0] === usual[name]; })) return usual[name];
    return open.length ? open[Math.floor((open.length - 1) / 2)][0] : "";
  }

  /* Fill a select with [value, text, whether it can be chosen] and keep the wanted value if possible. */
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
    select.value = kept ? wanted[name] : substitute(name, open);
    select.disabled = open.length < 2;
    if (!kept && wanted[name] && asked(name)) {
      var named = options.filter(function (option) { return option[0] === wanted[name]; })[0];
      replace(select.labels[0].textContent, named ? named[1] : wanted[name], select.selectedOptions[0].text);
    }
  }

  function replace(label, missing, shown) {
    replaced.push(label + ": no \u201c" + missing + "\u201d here, \u201c" + shown + "\u201d is shown.");
  }

  function settingIndex() {
    return data.settings.findIndex(function (setting) {
      return setting.name === controls.data.value
        && (setting.separability || "") === controls.separability.value;
    });
  }

  function startIndex() {
    return data.starts.findIndex(function (start) {
      return start.name === controls.start.value
        && (start.name === "zero" || start.scale === controls.scale.value);
    });
  }

  function policyIndex() {
    return data.policies.findIndex(function (policy) {
      return policy.policy === controls.policy.value
        && (policy.rate === undefined || policy.rate === controls.rate.value);
    });
  }

  function targetIndex() {
    return data.targets.findIndex(function (target) { return target.key === controls.target.value; });
  }

  function cellsHere() {
    return data.cells[settingIndex()][startIndex()];
  }

  /* Set all controls to what is wanted. A value that is not available is replaced; if it was `asked` for
     (name to whether), not only the default, a sentence says so. */
  function choose(asked) {
    replaced = [];
    var sets = distinct(data.settings.map(function (s) { return s.name; }));
    fill("data", sets.map(function (n) { return [n, n]; }), asked);
    var own = data.settings.filter(function (s) { return s.name === controls.data.value; });
    var symbol = own[0].symbol === "separability" ? "" : " (" + own[0].symbol + ")";
    byId("separability-label").textContent = "Separability" + symbol;
    var levels = own.map(function (s) { return [s.separability || "", s.separability || "as it is"]; });
    fill("separability", levels, asked);

    var place = data.cells[settingIndex()];
    var has = function (i) {
      return place[i].some(function (cells) { return cells.some(function (cell) { return cell; }); });
    };
    var kinds = distinct(data.starts.map(function (s) { return s.name; }));
    fill("start", kinds.map(function (kind) {
      var title = data.starts.filter(function (s) { return s.name === kind; })[0].title;
      return [kind, title, data.starts.some(function (s, i) { return s.name === kind && has(i); })];
    }), asked);
    var sizes = [];
    data.starts.forEach(function (s, i) {
      if (s.name !== controls.start.value) return;
      controls.scale.labels[0].textContent = s.unit;
      sizes.push([s.scale, s.name === "zero" ? "none" : s.scale, has(i)]);
    });
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
      if (controls.policy.value !== p.policy || p.rate === undefined) return;
      rates.push([p.rate, p.rate + "/L", Boolean(cells[i][target])]);
    });
    if (!rates.length) rates = [["", "set by the policy"]];
    fill("rate", rates, asked);
    names.filter(several).forEach(function (name) { wanted[name] = wanted[name] || controls[name].value; });
  }

  /* Whether a control has a choice: a zero start has no scale, a real data set one separability. */
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
      } catch (error) { /* a broken value is kept as it is, and reported as not available */ }
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

  function visible() {
    return [0, 1].filter(function (i) { return shown() === "both" || shown() === losses[i].css; });
  }

  function atRate(i, cell) {
    var remark = data.policies[policyIndex()].remarks[i];
    return losses[i].name + " at " + data.rates[cell[2 + i]] + "/L" + remark;
  }

  function drawSurvival(cell) {
    var svg = byId("survival"), rows = [];
    var ticks = [0, 0.25, 0.5, 0.75, 1].map(function (share) { return [share, 100 * share + "%"]; });
    var note = data.policies[policyIndex()].note;
    var words = visible().map(function (i) {
      if (note) return atRate(i, cell); // the numbers of the cell are of other rates
      return losses[i].name + ": " + cell[9] + " at the start, " + cell[10 + i]
        + " when their budget ended, median " + cell[4 + i] + " steps";
    });
    charts.frame(svg, ticks, "Share of runs not yet at the target, by step. " + words.join("; ") + ".");
    visible().forEach(function (i) {
      var runs = data.survival && data.survival[settingIndex()][startIndex()][targetIndex()][i][cell[2 + i]];
      if (!runs) return;
      var share = runs[0], steps = unpackSteps(runs[2]), left = 1, points = [];
      var add = function (step) {
        points.push([charts.x(step), charts.y(left)]);
        rows.push([losses[i].css, data.rates[cell[2 + i]], step, rounded(left)]);
      };
      add(0);
      steps.forEach(function (step, k) {
        points.push([charts.x(step), charts.y(left)]);
        left = 1 - share * (k + 1) / steps.length;
        add(step);
      });
      add(runs[1]);
      charts.line(svg, points, losses[i]);
    });
    numbers(byId("survival-figure"), ["loss", "rate", "step", "share_not_yet"], rows);
  }

  function unpack(packed, count) {
    var bytes = atob(packed[4]), out = [[], [], []];
    for (var k = 0; k < bytes.length; k += 1) {
      out[Math.floor(k / count)].push(bytes.charCodeAt(k) / 255 * packed[3]);
    }
    return out;
  }

  /* The losses whose curve was recorded at the chosen rate, with what is recorded of them. */
  function recorded(cell) {
    var group = data.curves && data.curves.values[settingIndex()][startIndex()][targetIndex()];
    var there = visible().filter(function (i) {
      return group && group[i] && cell[2 + i] === data.curves.rate;
    });
    return there.map(function (i) {
      return { loss: losses[i], packed: group[i], band: unpack(group[i], data.curves.steps.length) };
    });
  }

  function notRecorded(cell, found) {
    var absent = visible().filter(function (i) {
      return found.every(function (one) { return one.loss !== losses[i]; });
    });
    if (!absent.length) return "";
    var which = absent.map(function (i) { return atRate(i, cell); }).join(" and ");
    var where = data.curves ? " Curves are recorded at " + data.rates[data.curves.rate] + "/L alone." : "";
    return "No learning curve was recorded here of " + which + "." + where;
  }

  /* A sentence that says something of each curve. */
  function ofEach(found, say) {
    return found.map(function (one) { return one.loss.name + ": " + say(one.packed); }).join("; ") + ".";
  }

  function drawCurves(cell) {
    var svg = byId("curves"), target = targetIndex(), found = recorded(cell);
    var name = data.targets[target].name;
    byId("curves-title").textContent = "Learning curves: " + name;
    byId("curves-figure").hidden = !found.length;
    byId("curves-none").textContent = notRecorded(cell, found);
    svg.textContent = "";
    if (!found.length) return;
    byId("curves-note").textContent = "Median and band from the 10% to the 90% quantile. Runs behind them: "
      + ofEach(found, function (packed) { return packed[0]; }) + " Dotted: the target.";
    var limit = data.thresholds[settingIndex()][target];
    var highest = found.map(function (one) { return Math.max.apply(null, one.band[2]); });
    var top = Math.max.apply(null, highest.concat(limit === null ? [] : [limit])) * 1.05;
    var ends = data.curves.ends;
    var words = ofEach(found, function (packed) {
      return packed[1] + " at step " + ends[0] + ", " + packed[2] + " at step " + ends[1];
    });
    charts.frame(svg, charts.ticksUpTo(top), "Learning curves: median " + name + " by step. " + words);
    var lines = found.map(function (one) {
      return one.band.map(function (values) {
        return values.map(function (value, k) {
          return [charts.x(data.curves.steps[k]), charts.y(value / top)];
        });
      });
    });
    found.forEach(function (one, i) { charts.band(svg, lines[i][0], lines[i][2], one.loss); });
    found.forEach(function (one, i) { charts.line(svg, lines[i][1], one.loss); });
    if (limit !== null) charts.threshold(svg, limit / top);
    numbers(byId("curves-figure"), ["loss", "rate", "step", "low", "median", "high"], curveRows(found));
  }

  function curveRows(found) {
    var rows = [], rate = data.rates[data.curves.rate];
    found.forEach(function (one) {
      data.curves.steps.forEach(function (step, k) {
        var ends = one.band.map(function (values) { return rounded(values[k]); });
        rows.push([one.loss.css, rate, step].concat(ends));
      });
    });
    return rows;
  }

  // --- For saving: what makes a file readable without the page ---

  function rounded(value) {
    return Number(value.toPrecision(4));
  }

  /* What the controls say, as columns of the table `slowdown`. */
  function choice() {
    var start = data.starts[startIndex()], policy = data.policies[policyIndex()];
    return [
      ["dataset", controls.data.value], ["separability", controls.separability.value],
      ["initialisation", start.name], ["scale", start.scale], ["policy", policy.policy],
      ["target", controls.target.value]
    ];
  }

  /* Store with an element the rows that it shows, each with its setting, and for a chart its heading. */
  function numbers(place, head, rows) {
    var here = choice();
    var own = function (part) { return here.map(function (one) { return one[part]; }); };
    place.numbers = [own(0).concat(head)].concat(rows.map(function (row) { return own(1).concat(row); }));
    var title = place.querySelector(".charttitle");
    place.heading = title && {
      title: title.textContent, setting: byId("where").textContent,
      legend: visible().map(function (i) { return losses[i]; })
    };
  }

  // --- Where it is worst ---

  /* A data set and a start in words. */
  function placeWords(setting, start) {
    var apart = setting.separability ? ", " + setting.symbol + " = " + setting.separability : "";
    return setting.name + apart + "; " + start.words;
  }

  /* List the data sets and starts of the largest ratios under the chosen rates and target, each with a button
     that shows it. */
  function listWorst() {
    var list = byId("worst-list"), places = data.worst[policyIndex()][targetIndex()];
    byId("worst").hidden = !places.length;
    list.textContent = "";
    places.forEach(function (place) {
      var setting = data.settings[place[0]], start = data.starts[place[1]];
      var cell = data.cells[place[0]][place[1]][policyIndex()][targetIndex()];
      var item = document.createElement("li"), button = document.createElement("button");
      item.textContent = cell[0] + " " + placeWords(setting, start) + " ";
      button.type = "button";
      button.className = "show";
      button.textContent = "Show";
      button.setAttribute("aria-label", "Show " + item.textContent.trim());
      button.addEventListener("click", function () { showPlace(setting, start); });
      item.appendChild(button);
      list.appendChild(item);
    });
  }

  function showPlace(setting, start) {
    Object.assign(wanted, { data: setting.name, separability: setting.separability || "" });
    Object.assign(wanted, { start: start.name, scale: start.scale });
    choose(several);
    render();
    keepAddress();
    byId("result").focus();
  }

  // --- The whole ---

  function render() {
    var cell = cellsHere()[policyIndex()][targetIndex()];
    var setting = data.settings[settingIndex()], start = data.starts[startIndex()];
    var note = data.policies[policyIndex()].note;
    var where = placeWords(setting, start) + "; " + atRate(0, cell) + ", " + atRate(1, cell)
      + "; target: " + data.targets[targetIndex()].name + "." + (note ? " " + note : "");
    byId("value").textContent = cell[0] || "";
    byId("label").textContent = cell[0] ? "as many steps with MSE as with BCE" : "No ratio can be given:";
    byId("interval").textContent = cell[1];
    byId("where").textContent = where;
    byId("steps").textContent = losses.map(function (loss, i) {
      return loss.name + ": median " + cell[4 + i] + " steps, " + cell[6 + i] + " of " + cell[8]
        + " runs arrived";
    }).join(". ") + "." + (cell[12] ? " " + cell[12] : "");
    var fresh = replaced.filter(function (one) { return announced.indexOf(one) < 0; });
    byId("told").textContent = fresh.join(" ");
    announced = replaced;
    var plain = function (words) { return words.replace(/,/g, ""); };
    var head = ["rate_mse", "rate_bce", "text", "mse_median", "bce_median"].concat(
      ["mse_reached", "bce_reached", "starts"]);
    var row = [data.rates[cell[2]], data.rates[cell[3]], cell[13], plain(cell[4]), plain(cell[5])];
    numbers(byId("numbers"), head, [row.concat([cell[6], cell[7], cell[8]])]);
    listWorst();
    draw();
  }

  function draw() {
    var cell = cellsHere()[policyIndex()][targetIndex()];
    drawCurves(cell);
    drawSurvival(cell);
  }

  /* Show what the reader chooses, and say what else changed for it or changed back. */
  function changed(event) {
    var before = {};
    names.filter(several).forEach(function (name) { before[name] = controls[name].value; });
    names.forEach(function (name) {
      if (controls[name] === event.target) wanted[name] = event.target.value;
    });
    choose(several);
    names.forEach(function (name) {
      var now = controls[name];
      if (now === event.target || !(name in before) || !several(name)) return;
      if (now.value === before[name] || now.value !== wanted[name]) return;
      replaced.push(now.labels[0].textContent + ": \u201c" + now.selectedOptions[0].text + "\u201d again.");
    });
    render();
    keepAddress();
  }

  /* Show what a link chooses, else the default; the address gets the values that are shown. */
  function open(link) {
    wanted = Object.assign({}, usual, link);
    choose(function (name) { return link && name in link; });
    names.filter(several).forEach(function (name) { wanted[name] = controls[name].value; });
    var known = radios.filter(function (radio) { return link && radio.value === link.show; })[0];
    (known || radios[0]).checked = true;
    if (link && link.show && !known) replace("Lines", link.show, shown());
    announced = [];
    render();
    if (link) keepAddress();
  }

  var first = data.settings[data.first[0]], start = data.starts[data.first[1]];
  var policy = data.policies[data.first[2]];
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
  byId("linked").hidden = window !== window.top; // the address of a frame is not visible
  open(fromAddress());
  if (fromAddress()) document.getElementById("explore").scrollIntoView();
}());
