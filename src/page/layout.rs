//! Where the tables of the diagram stand, and how the foreign keys run between them.
//!
//! A table stands to the right of all that it references. What references a table comes together in one channel in each
//! gap between two columns, and passes the columns between in a lane of its own, so that no line crosses a box.

use std::collections::BTreeMap;

use super::model::{Model, Table};

pub(super) const HEAD: i32 = 26;
pub(super) const ROW: i32 = 19;
/// Tenths of a pixel.
const CHARACTER: i32 = 75;
const MARGIN: i32 = 12;
const BETWEEN: i32 = 18;
const LANE: i32 = 4;
const CHANNEL: i32 = 9;

/// The diagram.
pub(super) struct Layout<'m> {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) boxes: Vec<Placed<'m>>,
    pub(super) lines: Vec<Line<'m>>,
}

/// A table and its place.
pub(super) struct Placed<'m> {
    pub(super) table: &'m Table<'m>,
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// A foreign key, from the table that has it to the one that it references.
pub(super) struct Line<'m> {
    pub(super) from: &'m str,
    pub(super) columns: String,
    pub(super) to: &'m str,
    /// Where its table stands among those that are referenced, the most referenced first.
    pub(super) rank: usize,
    pub(super) points: Vec<(i32, i32)>,
}

/// What stands in a column.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Table(usize),
    /// What passes on its way to this table.
    Lane(usize),
}

struct Graph<'m> {
    tables: &'m [Table<'m>],
    /// For each table those that it references, without itself.
    references: Vec<Vec<usize>>,
    levels: Vec<usize>,
}

pub(super) fn layout<'m>(model: &'m Model<'m>) -> Layout<'m> {
    let graph = Graph::new(&model.tables);
    let columns = graph.columns();
    let mut place = Place::new(&graph, &columns);
    place.alone(&graph, &graph.alone());
    let lines = place.lines(&graph);
    let tables = model.tables.iter().enumerate();
    let boxes = tables.map(|(at, table)| {
        let (x, y) = place.at[&Item::Table(at)];
        Placed {
            table,
            x,
            y,
            width: width(table),
            height: height(table),
        }
    });
    Layout {
        boxes: boxes.collect(),
        lines,
        width: place.width,
        height: place.height,
    }
}

/// Of a box: its longest text, at a fixed width of each character.
fn width(table: &Table) -> i32 {
    let keys = table.keys().into_iter();
    let names = keys.map(|column| {
        let has_both = table.is_primary(column.name) && table.is_foreign(column.name);
        // The mark of a key stands beside it.
        column.name.chars().count() + if has_both { 6 } else { 4 }
    });
    let longest = names.chain([table.name.chars().count()]).max();
    i32::try_from(longest.unwrap_or_default()).unwrap_or_default() * CHARACTER / 10 + 20
}

fn height(table: &Table) -> i32 {
    HEAD + ROW * i32::try_from(table.keys().len()).unwrap_or_default()
}

impl<'m> Graph<'m> {
    fn new(tables: &'m [Table<'m>]) -> Self {
        let index = |name: &str| tables.iter().position(|table| table.name == name);
        let references = tables.iter().enumerate().map(|(at, table)| {
            let targets = table.foreign_keys.iter().filter_map(|key| index(key.table));
            let mut targets: Vec<_> = targets.filter(|target| *target != at).collect();
            targets.sort_unstable();
            targets.dedup();
            targets
        });
        let mut graph = Self {
            tables,
            references: references.collect(),
            levels: Vec::new(),
        };
        let mut levels = vec![None; tables.len()];
        for at in 0..tables.len() {
            graph.level(at, &mut levels, &mut Vec::new());
        }
        graph.levels = levels.into_iter().map(Option::unwrap_or_default).collect();
        graph
    }

    /// One more than the highest of those that it references. What closes a circle does not count.
    fn level(&self, at: usize, levels: &mut [Option<usize>], above: &mut Vec<usize>) -> usize {
        if let Some(level) = levels[at] {
            return level;
        }
        above.push(at);
        let mut level = 0;
        for &target in &self.references[at] {
            if !above.contains(&target) {
                level = level.max(self.level(target, levels, above) + 1);
            }
        }
        above.pop();
        levels[at] = Some(level);
        level
    }

    fn referencing(&self, at: usize) -> usize {
        let all = self.references.iter();
        all.filter(|targets| targets.contains(&at)).count()
    }

    /// Those that neither reference nor are referenced.
    fn alone(&self) -> Vec<usize> {
        let all = 0..self.tables.len();
        all.filter(|&at| self.references[at].is_empty() && self.referencing(at) == 0)
            .collect()
    }

    /// The columns, from left to right, each from top to bottom.
    fn columns(&self) -> Vec<Vec<Item>> {
        let alone = self.alone();
        let mut columns = vec![Vec::new(); self.levels.iter().max().map_or(0, |max| max + 1)];
        for at in (0..self.tables.len()).filter(|at| !alone.contains(at)) {
            columns[self.levels[at]].push(Item::Table(at));
            for &target in &self.references[at] {
                for column in columns
                    .iter_mut()
                    .take(self.levels[at])
                    .skip(self.levels[target] + 1)
                {
                    if !column.contains(&Item::Lane(target)) {
                        column.push(Item::Lane(target));
                    }
                }
            }
        }
        columns.retain(|column| !column.is_empty());
        self.sort(&mut columns);
        columns
    }

    /// The most referenced first, then each beside what it is connected with.
    fn sort(&self, columns: &mut [Vec<Item>]) {
        if let Some(first) = columns.first_mut() {
            first.sort_by_key(|item| match item {
                Item::Table(at) | Item::Lane(at) => std::cmp::Reverse(self.referencing(*at)),
            });
        }
        for _ in 0..4 {
            for level in 1..columns.len() {
                let left = columns[level - 1].clone();
                columns[level]
                    .sort_by_cached_key(|item| middle(&left, &self.left_of(*item, level)));
            }
            for level in (1..columns.len()).rev() {
                let right = columns[level].clone();
                columns[level - 1].sort_by_cached_key(|item| {
                    let mut connected = right.clone();
                    connected.retain(|other| self.left_of(*other, level).contains(item));
                    middle(&right, &connected)
                });
            }
        }
    }

    /// What an item of this column is connected with in the column to the left.
    fn left_of(&self, item: Item, level: usize) -> Vec<Item> {
        match item {
            Item::Lane(target) => vec![self.toward(target, level)],
            Item::Table(at) => {
                let targets = self.references[at].iter();
                let targets = targets.filter(|&&target| self.levels[target] < level);
                targets.map(|&target| self.toward(target, level)).collect()
            }
        }
    }

    fn toward(&self, target: usize, level: usize) -> Item {
        if self.levels[target] + 1 == level {
            Item::Table(target)
        } else {
            Item::Lane(target)
        }
    }

    fn height(&self, item: Item) -> i32 {
        match item {
            Item::Table(at) => height(&self.tables[at]),
            Item::Lane(_) => LANE,
        }
    }

    fn width(&self, item: Item) -> i32 {
        match item {
            Item::Table(at) => width(&self.tables[at]),
            Item::Lane(_) => 0,
        }
    }
}

/// The middle of the places that some items have, in thousandths; the end where there are none.
fn middle(column: &[Item], items: &[Item]) -> usize {
    let places = items
        .iter()
        .filter_map(|item| column.iter().position(|other| other == item));
    let places: Vec<_> = places.collect();
    match places.len() {
        0 => usize::MAX,
        count => places.iter().sum::<usize>() * 1000 / count,
    }
}

/// The coordinates.
struct Place {
    at: BTreeMap<Item, (i32, i32)>,
    /// How high the lanes lie, by target and column.
    lanes: BTreeMap<(usize, usize), i32>,
    /// Of the channels, by target and the column to the right of them.
    channels: BTreeMap<(usize, usize), i32>,
    width: i32,
    height: i32,
}

impl Place {
    fn new(graph: &Graph, columns: &[Vec<Item>]) -> Self {
        let mut place = Self {
            at: BTreeMap::new(),
            lanes: BTreeMap::new(),
            channels: BTreeMap::new(),
            width: 0,
            height: 0,
        };
        let tall = |column: &Vec<Item>| -> i32 {
            column
                .iter()
                .map(|item| graph.height(*item) + BETWEEN)
                .sum()
        };
        let tallest = columns.iter().map(tall).max().unwrap_or_default();
        let mut x = MARGIN;
        for (level, column) in columns.iter().enumerate() {
            if level > 0 {
                x = place.open_channels(graph, &columns[level - 1], column, level, x);
            }
            let mut y = MARGIN + (tallest - tall(column)) / 2;
            for item in column {
                if let Item::Lane(target) = item {
                    place.lanes.insert((*target, level), y + LANE / 2);
                } else {
                    place.at.insert(*item, (x, y));
                }
                y += graph.height(*item) + BETWEEN;
            }
            let widths = column.iter().map(|item| graph.width(*item));
            x += widths.max().unwrap_or_default();
        }
        place.width = x + MARGIN;
        place.height = tallest + MARGIN;
        place
    }

    /// A channel for each that the lines between two columns lead to, in the order of the left one; where the next column
    /// begins.
    fn open_channels(
        &mut self,
        graph: &Graph,
        left: &[Item],
        right: &[Item],
        level: usize,
        mut x: i32,
    ) -> i32 {
        x += BETWEEN;
        for item in left {
            let is_reached = right
                .iter()
                .any(|other| graph.left_of(*other, level).contains(item));
            if is_reached {
                let (Item::Table(target) | Item::Lane(target)) = *item;
                self.channels.insert((target, level), x);
                x += CHANNEL;
            }
        }
        x + BETWEEN - CHANNEL
    }

    /// Rows of what is connected with nothing, below the rest.
    fn alone(&mut self, graph: &Graph, alone: &[usize]) {
        let limit = self.width.max(900);
        let (mut x, mut y, mut tallest) = (MARGIN, self.height + BETWEEN, 0);
        for &at in alone {
            let item = Item::Table(at);
            if x > MARGIN && x + graph.width(item) + MARGIN > limit {
                x = MARGIN;
                y += tallest + BETWEEN;
                tallest = 0;
            }
            self.at.insert(item, (x, y));
            x += graph.width(item) + BETWEEN;
            self.width = self.width.max(x);
            tallest = tallest.max(graph.height(item));
            self.height = self.height.max(y + tallest + MARGIN);
        }
    }

    fn lines<'m>(&self, graph: &Graph<'m>) -> Vec<Line<'m>> {
        let mut ranks: Vec<usize> = (0..graph.tables.len()).collect();
        ranks.sort_by_key(|at| std::cmp::Reverse(graph.referencing(*at)));
        let mut lines = Vec::new();
        for (at, table) in graph.tables.iter().enumerate() {
            for key in &table.foreign_keys {
                let mut tables = graph.tables.iter();
                let Some(target) = tables.position(|other| other.name == key.table) else {
                    continue;
                };
                let keys = table.keys();
                let row = keys.iter().position(|column| column.name == key.columns[0]);
                lines.push(Line {
                    from: table.name,
                    columns: key.columns.join(", "),
                    to: key.table,
                    rank: ranks
                        .iter()
                        .position(|rank| *rank == target)
                        .unwrap_or_default(),
                    points: self.points(graph, at, row.unwrap_or_default(), target),
                });
            }
        }
        lines
    }

    fn points(&self, graph: &Graph, at: usize, row: usize, target: usize) -> Vec<(i32, i32)> {
        let (x, y) = self.at[&Item::Table(at)];
        let y = y + HEAD + ROW * i32::try_from(row).unwrap_or_default() + ROW / 2;
        let (end_x, end_y) = self.at[&Item::Table(target)];
        let right = x + graph.width(Item::Table(at));
        let end = (end_x + graph.width(Item::Table(target)), end_y + HEAD / 2);
        // What closes a circle has no channel: it leaves its table on the other side.
        if x < end_x {
            return vec![(right, y), (end_x, end.1)];
        }
        if x == end_x {
            let beside = right.max(end.0) + 10;
            return vec![(right, y), (beside, y), (beside, end.1), end];
        }
        let mut points = vec![(x, y)];
        let mut y = y;
        for level in (graph.levels[target] + 1..=graph.levels[at]).rev() {
            let channel = self.channels[&(target, level)];
            points.push((channel, y));
            y = self.lanes.get(&(target, level - 1)).map_or(end.1, |y| *y);
            points.push((channel, y));
        }
        points.push(end);
        points
    }
}
