// The durable record of a run. A claim is on disk before any of its items is sent; outcomes follow in batches.
// One SQLite file for each writer in the run's folder, which `sqlite3 ledger-0.db 'SELECT * FROM outcome'` shows to a
// person.
//
//   outcome_batch   collects the outcomes of one event loop, without a lock
//   ledger_writer   makes claims and batches durable, from a thread of its own
//   ledger_reader   says what is certain about every item, after any crash, and that nothing was altered
//
// Why outcomes are stored in batches: docs/decisions/0004-ledger-batches.md.
#pragma once

#include <lakh/load/ledger_reader.hpp>
#include <lakh/load/ledger_states.hpp>
#include <lakh/load/ledger_writer.hpp>
#include <lakh/load/outcome.hpp>
#include <lakh/load/outcome_batch.hpp>
