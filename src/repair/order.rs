//! An order in which each comes behind what it depends on.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

/// What is to be put in order.
pub(super) struct Node<'a> {
    /// Its place where nothing else decides.
    pub(super) rank: u8,
    /// The word that others name it by; none where they need not wait for it.
    pub(super) provides: Option<&'a str>,
    /// The words of its own definition.
    pub(super) words: BTreeSet<&'a str>,
}

/// The places of the nodes in their order. Where two depend on each other, the rank decides.
pub(super) fn ordered(nodes: &[Node<'_>]) -> Vec<usize> {
    let mut providers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (nth, node) in nodes.iter().enumerate() {
        if let Some(word) = node.provides {
            providers.entry(word).or_default().push(nth);
        }
    }
    let mut waiting = vec![0_usize; nodes.len()];
    let mut behind: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (nth, node) in nodes.iter().enumerate() {
        let needed = node.words.iter().filter_map(|word| providers.get(word));
        for &provider in needed.flatten().filter(|provider| **provider != nth) {
            waiting[nth] += 1;
            behind[provider].push(nth);
        }
    }
    let mut all: Vec<usize> = (0..nodes.len()).collect();
    all.sort_by_key(|nth| (nodes[*nth].rank, *nth));
    let free = all.iter().filter(|nth| waiting[**nth] == 0);
    let mut ready: BinaryHeap<_> = free.map(|&nth| Reverse((nodes[nth].rank, nth))).collect();
    let mut left = all.iter().copied();
    let (mut order, mut done) = (Vec::new(), vec![false; nodes.len()]);
    loop {
        let next = match ready.pop() {
            Some(Reverse((_, nth))) => Some(nth),
            None => left.by_ref().find(|nth| !done[*nth]),
        };
        let Some(nth) = next else {
            return order;
        };
        if std::mem::replace(&mut done[nth], true) {
            continue;
        }
        order.push(nth);
        for &other in &behind[nth] {
            waiting[other] = waiting[other].saturating_sub(1);
            if waiting[other] == 0 && !done[other] {
                ready.push(Reverse((nodes[other].rank, other)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Node, ordered};

    fn node<'a>(rank: u8, provides: &'a str, words: &[&'a str]) -> Node<'a> {
        Node {
            rank,
            provides: Some(provides),
            words: words.iter().copied().collect(),
        }
    }

    #[test]
    fn what_is_named_comes_first() {
        let nodes = [
            node(1, "a", &["b"]),
            node(2, "b", &["c"]),
            node(3, "c", &[]),
        ];
        assert_eq!(ordered(&nodes), [2, 1, 0]);
    }

    #[test]
    fn ranks_decide_the_rest_and_cycles() {
        let nodes = [
            node(2, "a", &["b"]),
            node(1, "b", &["a"]),
            node(0, "c", &["c"]),
        ];
        assert_eq!(ordered(&nodes), [2, 1, 0]);
    }
}
