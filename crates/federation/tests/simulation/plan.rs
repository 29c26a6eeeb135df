//! What is to happen: a seed becomes a list of operations, the same each time, which can be saved and cut down.
//!
//! Operations name people by place and messages by the number of the step that wrote them. One whose object is not
//! there, or not allowed, is tried and refused like anything else, so that any part of a plan is a plan.

use serde::{Deserialize, Serialize};

use crate::outsiders::OUTSIDERS;

/// Numbers from a seed (SplitMix64): the same on every machine.
pub struct Numbers(u64);

impl Numbers {
    pub fn from(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Less than `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap()
    }

    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from)
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// People each server has beside its administrator.
pub const PEOPLE: usize = 2;
/// Emoji people react with.
pub const EMOJI: [&str; 3] = ["wave", "rocket", "heart"];

/// Who is connected with whom, and whose channels go where.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shape {
    pub servers: usize,
    /// Pairs of connected servers, the lower first.
    pub links: Vec<(usize, usize)>,
    pub channels: Vec<Plot>,
}

/// A channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plot {
    pub home: usize,
    pub guests: Vec<usize>,
    /// Its shares stay as they are for the whole plan.
    pub steady: bool,
}

/// How bad the network is, in thousandths of requests.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Weather {
    pub lost: u64,
    pub unanswered: u64,
    pub refused: u64,
    pub late: u64,
    pub twice: u64,
    pub strayed: u64,
}

/// Something somebody does, or that happens.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    Post {
        server: usize,
        person: usize,
        channel: usize,
    },
    Reply {
        server: usize,
        person: usize,
        to: usize,
    },
    /// By its author.
    Edit {
        post: usize,
    },
    /// By its author.
    Delete {
        post: usize,
    },
    /// By a moderator of another server than the author's.
    Hide {
        server: usize,
        post: usize,
    },
    Pin {
        server: usize,
        person: usize,
        post: usize,
        pinned: bool,
    },
    React {
        server: usize,
        person: usize,
        post: usize,
        emoji: usize,
    },
    Unreact {
        server: usize,
        person: usize,
        post: usize,
        emoji: usize,
    },
    Join {
        server: usize,
        person: usize,
        channel: usize,
    },
    Leave {
        server: usize,
        person: usize,
        channel: usize,
    },
    /// A new nickname.
    Profile {
        server: usize,
        person: usize,
    },
    Direct {
        from: (usize, usize),
        to: (usize, usize),
    },
    Share {
        channel: usize,
        with: usize,
        read_only: bool,
    },
    Uninvite {
        channel: usize,
        with: usize,
    },
    /// The home ends all shares, or a guest leaves.
    Unshare {
        server: usize,
        channel: usize,
    },
    /// The home changes the mode.
    Convert {
        channel: usize,
        with: usize,
        read_only: bool,
    },
    Archive {
        server: usize,
        channel: usize,
    },
    Restore {
        server: usize,
        channel: usize,
    },
    /// Ends a connection.
    Part {
        link: usize,
        by_first: bool,
    },
    /// Connects again by a code.
    Meet {
        link: usize,
    },
    /// Nothing gets through between two servers, or in one direction only.
    Cut {
        link: usize,
        both: bool,
    },
    Mend {
        link: usize,
    },
    Crash {
        server: usize,
    },
    Start {
        server: usize,
    },
    /// Sets a server's clock off by so many milliseconds.
    Skew {
        server: usize,
        ms: i64,
    },
    /// Somebody of a server of another make says something, about one or another of what there is.
    Outside {
        which: usize,
        what: Outside,
        pick: usize,
    },
    /// A server sends another a changed version of a message that is not its own.
    Forge {
        link: usize,
        by_first: bool,
        post: usize,
    },
}

/// What people of servers of another make do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outside {
    Post,
    Reply,
    Edit,
    Delete,
    React,
}

/// A step of a plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// Its number in the plan it was made in; stays when others are taken away.
    pub number: usize,
    /// How long nothing happens before it.
    pub wait_ms: u64,
    pub op: Op,
}

/// Everything a run needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    pub seed: u64,
    pub shape: Shape,
    pub weather: Weather,
    pub steps: Vec<Step>,
}

impl Plan {
    /// The plan of a seed.
    pub fn of(seed: u64, servers: usize, ops: usize) -> Self {
        let mut numbers = Numbers::from(seed.wrapping_mul(0x5851_f42d_4c95_7f2d));
        let shape = shape(&mut numbers, servers);
        let weather = weather(&mut numbers);
        let mut draft = Draft {
            numbers,
            posts: Vec::new(),
            down: Vec::new(),
            cut: Vec::new(),
            parted: Vec::new(),
            archived: Vec::new(),
            shape: &shape,
        };
        let steps = (0..ops).map(|number| draft.step(number)).collect();
        Self { seed, weather, steps, shape }
    }
}

fn shape(numbers: &mut Numbers, servers: usize) -> Shape {
    let mut links = Vec::new();
    match numbers.below(4) {
        // A hub.
        0 => links.extend((1..servers).map(|other| (0, other))),
        // A chain.
        1 => links.extend((1..servers).map(|other| (other - 1, other))),
        // Everybody with everybody.
        2 => links.extend((0..servers).flat_map(|one| (one + 1..servers).map(move |other| (one, other)))),
        // A ring.
        _ => {
            links.extend((1..servers).map(|other| (other - 1, other)));
            if servers > 2 {
                links.push((0, servers - 1));
            }
        }
    }
    let channels = (0..4)
        .map(|place| {
            let home = numbers.below(servers);
            let mut guests: Vec<usize> = (0..servers)
                .filter(|other| links.contains(&(home.min(*other), home.max(*other))))
                .filter(|_| !numbers.one_in(5))
                .collect();
            if guests.is_empty() {
                guests.extend(links.iter().filter(|link| link.0 == home).map(|link| link.1).take(1));
                guests.extend(links.iter().filter(|link| link.1 == home).map(|link| link.0).take(1));
            }
            Plot { home, guests, steady: place < 2 }
        })
        .collect();
    Shape { servers, links, channels }
}

fn weather(numbers: &mut Numbers) -> Weather {
    let calm = Weather { lost: 0, unanswered: 0, refused: 0, late: 100, twice: 0, strayed: 0 };
    match numbers.below(4) {
        0 => calm,
        1 => Weather { lost: 40, unanswered: 40, refused: 20, ..calm },
        2 => Weather { late: 300, twice: 80, strayed: 30, ..calm },
        _ => Weather { lost: 60, unanswered: 80, refused: 40, late: 200, twice: 50, strayed: 30 },
    }
}

struct Draft<'a> {
    numbers: Numbers,
    shape: &'a Shape,
    /// Steps that write a message.
    posts: Vec<usize>,
    /// What is broken, and for how long it is left so is drawn: servers that were stopped, links that were cut or ended,
    /// channels archived at a server.
    down: Vec<usize>,
    cut: Vec<usize>,
    parted: Vec<usize>,
    archived: Vec<(usize, usize)>,
}

impl Draft<'_> {
    fn step(&mut self, number: usize) -> Step {
        let wait_ms = match self.numbers.below(1_000) {
            0..200 => 0,
            200..800 => self.numbers.between(1, 300),
            800..980 => self.numbers.between(300, 3_000),
            980..998 => self.numbers.between(3_000, 40_000),
            _ => self.numbers.between(60_000, 400_000),
        };
        let op = self.op();
        if matches!(op, Op::Post { .. } | Op::Reply { .. } | Op::Direct { .. }) {
            self.posts.push(number);
        }
        Step { number, wait_ms, op }
    }

    fn server(&mut self) -> usize {
        self.numbers.below(self.shape.servers)
    }

    fn person(&mut self) -> usize {
        self.numbers.below(PEOPLE)
    }

    fn link(&mut self) -> usize {
        self.numbers.below(self.shape.links.len())
    }

    /// A server a channel is known to, mostly.
    fn place(&mut self, channel: usize) -> usize {
        let plot = &self.shape.channels[channel];
        match self.numbers.below(plot.guests.len() + 1) {
            0 => plot.home,
            guest => plot.guests[guest - 1],
        }
    }

    /// A recent message, mostly.
    fn post(&mut self) -> usize {
        let all = self.posts.len();
        let among = if self.numbers.one_in(4) { all } else { all.min(12) };
        if all == 0 { 0 } else { self.posts[all - 1 - self.numbers.below(among)] }
    }

    fn moving(&mut self) -> Option<usize> {
        let moving: Vec<usize> = (0..self.shape.channels.len()).filter(|c| !self.shape.channels[*c].steady).collect();
        (!moving.is_empty()).then(|| moving[self.numbers.below(moving.len())])
    }

    /// Mends one of the things that are broken, now and then.
    fn mending(&mut self) -> Option<Op> {
        if !self.down.is_empty() && self.numbers.one_in(30) {
            let which = self.numbers.below(self.down.len());
            return Some(Op::Start { server: self.down.swap_remove(which) });
        }
        if !self.cut.is_empty() && self.numbers.one_in(30) {
            let which = self.numbers.below(self.cut.len());
            return Some(Op::Mend { link: self.cut.swap_remove(which) });
        }
        if !self.parted.is_empty() && self.numbers.one_in(30) {
            let which = self.numbers.below(self.parted.len());
            return Some(Op::Meet { link: self.parted[which] });
        }
        if !self.archived.is_empty() && self.numbers.one_in(30) {
            let which = self.numbers.below(self.archived.len());
            let (server, channel) = self.archived.swap_remove(which);
            return Some(Op::Restore { server, channel });
        }
        None
    }

    fn op(&mut self) -> Op {
        if let Some(op) = self.mending() {
            return op;
        }
        let op = self.any();
        match op {
            Op::Crash { server } => self.down.push(server),
            Op::Cut { link, .. } => self.cut.push(link),
            Op::Part { link, .. } if !self.parted.contains(&link) => self.parted.push(link),
            Op::Archive { server, channel } => self.archived.push((server, channel)),
            _ => {}
        }
        op
    }

    fn any(&mut self) -> Op {
        let channel = self.numbers.below(self.shape.channels.len());
        let (server, person) = (self.place(channel), self.person());
        match self.numbers.below(1000) {
            0..250 => Op::Post { server, person, channel },
            250..400 => Op::Reply { server, person, to: self.post() },
            400..500 => Op::Edit { post: self.post() },
            500..535 => Op::Delete { post: self.post() },
            535..550 => Op::Hide { server: self.server(), post: self.post() },
            550..575 => Op::Pin { server, person, post: self.post(), pinned: !self.numbers.one_in(3) },
            575..695 => Op::React { server, person, post: self.post(), emoji: self.numbers.below(EMOJI.len()) },
            695..745 => Op::Unreact { server, person, post: self.post(), emoji: self.numbers.below(EMOJI.len()) },
            745..765 => Op::Leave { server, person, channel },
            765..795 => Op::Join { server, person, channel },
            795..820 => Op::Profile { server, person },
            820..860 => {
                let (a, b) = self.shape.links[self.numbers.below(self.shape.links.len())];
                let (from, to) = if self.numbers.one_in(2) { (a, b) } else { (b, a) };
                Op::Direct { from: (from, self.person()), to: (to, self.person()) }
            }
            860..890 => self.life().unwrap_or(Op::Post { server, person, channel }),
            890..893 => Op::Part { link: self.link(), by_first: self.numbers.one_in(2) },
            893..918 => Op::Cut { link: self.link(), both: !self.numbers.one_in(3) },
            918..926 => Op::Crash { server: self.server() },
            926..936 => {
                let ms = self.numbers.between(0, 1_200_000).cast_signed() - 600_000;
                Op::Skew { server: self.server(), ms }
            }
            936..956 => Op::Forge { link: self.link(), by_first: self.numbers.one_in(2), post: self.post() },
            _ => {
                let what = match self.numbers.below(10) {
                    0..3 => Outside::Post,
                    3..5 => Outside::Reply,
                    5 | 6 => Outside::Edit,
                    7 => Outside::Delete,
                    _ => Outside::React,
                };
                Op::Outside { which: self.numbers.below(OUTSIDERS.len()), what, pick: self.numbers.below(1_000) }
            }
        }
    }

    /// Something about a share that may change.
    fn life(&mut self) -> Option<Op> {
        let channel = self.moving()?;
        let Plot { home, guests, .. } = &self.shape.channels[channel];
        let (home, with) = (*home, guests[self.numbers.below(guests.len())]);
        Some(match self.numbers.below(20) {
            0..6 => Op::Share { channel, with, read_only: self.numbers.one_in(6) },
            6..9 => Op::Uninvite { channel, with },
            9 => Op::Unshare { server: home, channel },
            10 => Op::Unshare { server: with, channel },
            11 | 12 => Op::Convert { channel, with, read_only: self.numbers.one_in(2) },
            13..15 => Op::Archive { server: if self.numbers.one_in(3) { with } else { home }, channel },
            _ => Op::Share { channel, with, read_only: false },
        })
    }
}
