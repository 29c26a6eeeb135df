//! Jobs: long work that administrators ask for, and how it stands. Source: client-api 7.6, 7.7.

use std::collections::BTreeMap;

use crate::{ItemId, Millis, UserId};

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Takes over what an import file holds.
    Import,
    /// Writes an export file.
    Export,
}

impl JobKind {
    /// The word API v4 has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            JobKind::Import => "import_process",
            JobKind::Export => "export_process",
        }
    }

    /// The reverse of [`JobKind::as_str`].
    pub fn parse(word: &str) -> Option<JobKind> {
        [JobKind::Import, JobKind::Export].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// It waits for its turn.
    Pending,
    /// It is being done, or was when the server ended and goes on when it is back.
    InProgress,
    /// Done.
    Success,
    /// Done, but something was left out; the job's data says what.
    Warning,
    /// Given up; the job's data says why.
    Error,
    /// Whoever does it is to stop.
    CancelRequested,
    /// Stopped.
    Canceled,
}

impl JobStatus {
    const ALL: [JobStatus; 7] = [
        JobStatus::Pending,
        JobStatus::InProgress,
        JobStatus::Success,
        JobStatus::Warning,
        JobStatus::Error,
        JobStatus::CancelRequested,
        JobStatus::Canceled,
    ];

    /// The word API v4 has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            JobStatus::Pending => "pending",
            JobStatus::InProgress => "in_progress",
            JobStatus::Success => "success",
            JobStatus::Warning => "warning",
            JobStatus::Error => "error",
            JobStatus::CancelRequested => "cancel_requested",
            JobStatus::Canceled => "canceled",
        }
    }

    /// The reverse of [`JobStatus::as_str`].
    pub fn parse(word: &str) -> Option<JobStatus> {
        JobStatus::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether anything of it is still to be done.
    pub fn is_open(self) -> bool {
        matches!(self, JobStatus::Pending | JobStatus::InProgress | JobStatus::CancelRequested)
    }
}

/// A piece of long work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Names it, and the file an export writes.
    pub id: ItemId,
    /// What it does.
    pub kind: JobKind,
    /// Who asked for it; None: the command line.
    pub user_id: Option<UserId>,
    /// When it was asked for.
    pub create_at: Millis,
    /// When it was begun; None while it waits.
    pub start_at: Option<Millis>,
    /// When it last got further.
    pub last_activity_at: Millis,
    /// How it stands.
    pub status: JobStatus,
    /// Per cent.
    pub progress: i64,
    /// What was asked for, and what whoever asked may read of it: counts, and why it failed.
    pub data: BTreeMap<String, String>,
    /// How far it has come, in its own terms: lines of an import that are in force. It goes on from there.
    pub position: i64,
}
