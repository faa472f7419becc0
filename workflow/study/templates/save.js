/* Two buttons below each picture save it as it stands, in the colours of a light page. */
(function () {
  "use strict";

  function drawn(svg) {
    var copy = svg.cloneNode(true), from = [svg].concat([].slice.call(svg.querySelectorAll("*")));
    var to = [copy].concat([].slice.call(copy.querySelectorAll("*")));
    var light = document.documentElement;
    light.classList.add("light");
    from.forEach(function (node, i) {
      var style = getComputedStyle(node);
      ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "fill-opacity", "stroke-opacity", "font-family", "font-size"].forEach(function (name) {
        to[i].style.setProperty(name, style.getPropertyValue(name));
      });
    });
    light.classList.remove("light");
    var size = svg.viewBox.baseVal;
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

  function saveSvg(svg, name) {
    hand(new Blob([drawn(svg).text], { type: "image/svg+xml" }), name + ".svg");
  }

  function savePng(svg, name) {
    var picture = drawn(svg), image = new Image(), factor = 1600 / picture.width;
    image.onload = function () {
      var canvas = document.createElement("canvas");
      canvas.width = 1600;
      canvas.height = Math.round(picture.height * factor);
      var pen = canvas.getContext("2d");
      pen.fillStyle = "#ffffff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(function (blob) { hand(blob, name + ".png"); }, "image/png");
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(picture.text);
  }

  document.querySelectorAll("figure[data-name]").forEach(function (figure) {
    var name = figure.dataset.name, row = document.createElement("p");
    row.className = "save";
    [["SVG", saveSvg], ["PNG", savePng]].forEach(function (kind) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = "Save " + kind[0];
      button.setAttribute("aria-label", "Save the picture " + name + " as " + kind[0]);
      button.addEventListener("click", function () { kind[1](figure.querySelector("svg"), name); });
      row.appendChild(button);
    });
    figure.appendChild(row);
  });
}());
