// The exec action: one program per item, as a step of a plan writes it down.
//
//   exec:
//     command: [convert, "{{photos.file}}", "out/{{photos.id}}.webp"]     words: no shell, so nothing to quote
//     stdin: "…"                       or stdin_file: FILE beside the plan; nothing if not given
//     env: {LANG: C, TOKEN: "{{env.TOKEN}}"}      over the loader's own; LAKH_RUN and LAKH_ITEM are always there
//     directory: "work/{{item}}"       where it runs; the plan's folder, or where `lakh load` was called
//     timeout: 10s                     then SIGTERM to its whole session; the plan's timeouts.total if not given
//     kill_after: 5s                   then SIGKILL
//     idempotent: false                true: running it twice is running it once
//     output: keep                     in the run's folder: keep, failed (of those that are), discard
//     capture: 1MiB                    of each stream; what is beyond is read and thrown away
//     output_total: 1GiB               what a loader process keeps of a run
//   expect: …                          see exec_expectation.hpp; exit code 0 if not given
//   keep: {id: $.id, first: line, all: stdout}    of its output, for the ledger and for later steps; also stderr
//
// What is certain: a program that could not be started was surely not run; one that ended by itself has answered, and
// its exit code is the status; one that was ended by a signal, by the time limit or by the loader's death may have done
// its work. A plan's `key` is in its environment as LAKH_KEY: give one only to programs that tell a repetition by it.
#pragma once

#include <lakh/load/action.hpp>
#include <lakh/load/plan.hpp>

#include <memory>

namespace lakh::actions {

// Compiles a step. `scope` holds the names that its templates may use; what the step keeps is added to it. Throws
// input_error that names the place.
std::shared_ptr<const load::action> make_exec_action(const load::plan& p, const load::plan_step& step,
                                                     load::template_scope& scope);

}  // namespace lakh::actions
