//! The entity diagram, as SVG that stands in a page of HTML.

use super::layout::{HEAD, Line, Placed, ROW, layout};
use super::model::Model;
use super::text::{escaped, table_anchor};

/// How many colours the lines have.
const COLORS: usize = 8;

pub(super) fn svg(model: &Model) -> String {
    let layout = layout(model);
    let (width, height) = (layout.width, layout.height);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Tables and their foreign keys\">\n<defs>\n"
    );
    for color in 0..COLORS {
        svg.push_str(&format!(
            "<marker id=\"arrow-{color}\" class=\"c{color}\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
             markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
             <path d=\"M0 0L8 4L0 8z\"/></marker>\n"
        ));
    }
    svg.push_str("</defs>\n");
    for line in &layout.lines {
        svg.push_str(&path(line));
    }
    for placed in &layout.boxes {
        svg.push_str(&entity(placed));
    }
    svg + "</svg>\n"
}

fn path(line: &Line) -> String {
    let color = line.rank % COLORS;
    let points: Vec<_> = line
        .points
        .iter()
        .map(|(x, y)| format!("{x},{y}"))
        .collect();
    format!(
        "<polyline class=\"line c{color}\" marker-end=\"url(#arrow-{color})\" points=\"{}\">\
         <title>{}.{} → {}</title></polyline>\n",
        points.join(" "),
        escaped(line.from),
        escaped(&line.columns),
        escaped(line.to),
    )
}

fn entity(placed: &Placed) -> String {
    let Placed {
        table,
        x,
        y,
        width,
        height,
    } = placed;
    let mut text = format!(
        "<a href=\"#{}\"><rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\"/>\
         <text class=\"name\" x=\"{}\" y=\"{}\">{}</text>",
        table_anchor(table.name),
        x + 10,
        y + 17,
        escaped(table.name),
    );
    let keys = table.keys();
    if !keys.is_empty() {
        let (below, right) = (y + HEAD - 2, x + width);
        text.push_str(&format!(
            "<path class=\"rule\" d=\"M{x} {below}H{right}\"/>"
        ));
    }
    let mut base = y + HEAD + 13;
    for column in keys {
        let mark = match (table.is_primary(column.name), table.is_foreign(column.name)) {
            (true, true) => "PK FK",
            (true, false) => "PK",
            (false, _) => "FK",
        };
        text.push_str(&format!(
            "<text x=\"{}\" y=\"{base}\">{}</text>\
             <text class=\"mark\" x=\"{}\" y=\"{base}\" text-anchor=\"end\">{mark}</text>",
            x + 10,
            escaped(column.name),
            x + width - 8,
        ));
        base += ROW;
    }
    text + "</a>\n"
}
