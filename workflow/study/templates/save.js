/* Buttons below each picture save it as it is, in the colours of a light page; those below each table save or
   copy its cells as they are shown, and those of the explorer its numbers. What can be saved is a table or
   has a name, `data-name`; the explorer adds `numbers` and `heading`. */
(function () {
  "use strict";

  var styles = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "opacity",
    "fill-opacity", "stroke-opacity", "font-family", "font-size", "font-weight"];

  function element(parent, name, attributes, text) {
    var out = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.keys(attributes).forEach(function (key) { out.setAttribute(key, attributes[key]); });
    if (text) out.textContent = text;
    parent.appendChild(out);
  }

  /* Break a text into lines of at most `most` letters. */
  function lines(text, most) {
    return text.split(" ").reduce(function (out, word) {
      var last = out[out.length - 1];
      if (last && last.length + 1 + word.length <= most) out[out.length - 1] = last + " " + word;
      else out.push(word);
      return out;
    }, []);
  }

  /* Write title, setting and legend above a chart. */
  function head(svg, heading) {
    var size = svg.viewBox.baseVal, at = 20;
    var group = document.createElementNS("http://www.w3.org/2000/svg", "g");
    element(group, "text", { x: 8, y: at, class: "head" }, heading.title);
    lines(heading.setting, Math.floor(size.width / 8)).forEach(function (line) {
      at += 18;
      element(group, "text", { x: 8, y: at, class: "setting" }, line);
    });
    at += 22;
    heading.legend.forEach(function (loss, i) {
      var points = [8 + 110 * i, at - 5, 48 + 110 * i, at - 5].join(" ");
      var attributes = { points: points, class: "line " + loss.css, fill: "none", stroke: loss.colour };
      element(group, "polyline", attributes);
      element(group, "text", { x: 56 + 110 * i, y: at }, loss.name);
    });
    group.setAttribute("transform", "translate(0 " + -(at + 10) + ")");
    svg.appendChild(group);
    svg.setAttribute("viewBox", [0, -(at + 10), size.width, size.height + at + 10].join(" "));
  }

  /* Add the shapes of letters, which the page has once for all its figures. */
  function complete(copy) {
    var shapes = document.createElementNS("http://www.w3.org/2000/svg", "defs"), known = {};
    copy.querySelectorAll("use").forEach(function (use) {
      var id = use.getAttribute("xlink:href").slice(1);
      if (known[id] || copy.querySelector("[id='" + id + "']")) return;
      known[id] = true;
      shapes.appendChild(document.getElementById(id).cloneNode(true));
    });
    copy.insertBefore(shapes, copy.firstChild);
  }

  function drawn(place) {
    var svg = place.querySelector("svg"), copy = svg.cloneNode(true), root = document.documentElement;
    if (place.heading) head(copy, place.heading);
    complete(copy);
    svg.parentNode.appendChild(copy); // for as long as it takes to read how it would look in a light page
    root.classList.add("light");
    [copy].concat([].slice.call(copy.querySelectorAll("*"))).forEach(function (node) {
      var style = getComputedStyle(node);
      styles.forEach(function (name) {
        // A figure sets its own attributes, but its colours follow the page. An attribute that it does not
        // set, such as the fill of a mark that is drawn many times, comes from where the mark is used.
        var own = svg.classList.contains("chart") || node.hasAttribute(name);
        if (own) node.setAttribute(name, style.getPropertyValue(name));
      });
    });
    root.classList.remove("light");
    svg.parentNode.removeChild(copy);
    var size = copy.viewBox.baseVal;
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("width", size.width);
    copy.setAttribute("height", size.height);
    copy.style.background = "#ffffff";
    return { text: new XMLSerializer().serializeToString(copy), width: size.width, height: size.height };
  }

  function hand(blob, name) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
  }

  function saveSvg(place) {
    hand(new Blob([drawn(place).text], { type: "image/svg+xml" }), place.dataset.name + ".svg");
  }

  function savePng(place, say) {
    var picture = drawn(place), image = new Image(), factor = 1600 / picture.width;
    image.onerror = function () { say("Not allowed here"); };
    image.onload = function () {
      var canvas = document.createElement("canvas");
      canvas.width = 1600;
      canvas.height = Math.round(picture.height * factor);
      var pen = canvas.getContext("2d");
      pen.fillStyle = "#ffffff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(function (blob) { hand(blob, place.dataset.name + ".png"); }, "image/png");
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(picture.text);
  }

  /* The rows as text: a table to be pasted into a sheet has tabs between its cells, a file commas. */
  function text(rows, mark) {
    return rows.map(function (row) {
      return row.map(function (cell) {
        var plain = String(cell);
        if (plain.indexOf(mark) < 0 && plain.indexOf('"') < 0) return plain;
        return '"' + plain.replace(/"/g, '""') + '"';
      }).join(mark);
    }).join("\n") + "\n";
  }

  /* The numbers behind the explorer's charts, or the cells of a table, without the blanks for alignment. */
  function rowsOf(place) {
    return place.numbers || [].map.call(place.rows, function (row) {
      return [].map.call(row.cells, function (cell) { return cell.innerText.replace(/\s+/g, " ").trim(); });
    });
  }

  function saveCsv(place) {
    var name = place.dataset.name || place.caption.innerText.toLowerCase().match(/[a-z0-9]+/g).join("-");
    hand(new Blob([text(rowsOf(place), ",")], { type: "text/csv" }), name.slice(0, 80) + ".csv");
  }

  /* Copy by `execCommand`, which also works in an iframe and on a page without encryption; if a browser no
     longer has it, by the clipboard interface. */
  function copyRows(place, say) {
    var field = document.createElement("textarea"), done;
    field.value = text(rowsOf(place), "\t");
    field.className = "skip";
    document.body.appendChild(field);
    field.select();
    done = document.execCommand("copy");
    document.body.removeChild(field);
    if (done || !navigator.clipboard) return say(done ? "Copied" : "Not allowed here");
    navigator.clipboard.writeText(field.value).then(
      function () { say("Copied"); }, function () { say("Not allowed here"); });
  }

  /* A row of buttons: each has a text and does something with a place. */
  function buttons(place, name, kinds) {
    var row = document.createElement("p");
    row.className = "save";
    kinds.forEach(function (kind) {
      var button = document.createElement("button");
      button.type = "button";
      var shown = function (word) {
        button.textContent = word;
        button.setAttribute("aria-label", word + ": " + name); // it has the words that are seen
      };
      shown(kind[0]);
      button.addEventListener("click", function () {
        kind[1](place, function (word) {
          shown(word);
          setTimeout(function () { shown(kind[0]); }, 2000);
        });
      });
      row.appendChild(button);
    });
    return row;
  }

  var numbers = [["Save CSV", saveCsv], ["Copy table", copyRows]];
  document.querySelectorAll("[data-name]").forEach(function (place) {
    var kinds = place.querySelector("svg") ? [["Save SVG", saveSvg], ["Save PNG", savePng]] : [];
    place.appendChild(buttons(place, place.dataset.name, place.numbers ? kinds.concat(numbers) : kinds));
  });
  document.querySelectorAll("table").forEach(function (table) {
    var name = table.caption.textContent.trim().replace(/\s+/g, " ");
    var last = table.closest(".scroll") || table, note = last.nextElementSibling;
    (note && note.matches("p") ? note : last).after(buttons(table, name, numbers));
  });
}());
