// A run's folder: runs/<run id>/ with
//
//   plan.yaml     the plan as it was when the run began; a resume uses this one
//   run.json      who, when, how much, and how it ended (run_info); replaced whole, never half written
//   ledger-N.db   the ledger, a file for each writer
//   lock          held by the process that loads this run, and released by its death
#pragma once

#include <lakh/core/unique_fd.hpp>
#include <lakh/load/balance.hpp>
#include <lakh/load/code_kind.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

enum class run_state : std::uint8_t {
  running,   // or died without a word: then nobody holds the lock (run_summary::alive)
  finished,  // every item has an outcome
  stopped,   // a person or a limit ended it early; it can be resumed
  broken,    // it could not go on: the ledger or the plan failed
};
std::string_view name(run_state state) noexcept;

struct run_info {
  run_info() = default;

  std::string run_id;                      // empty for create(): it makes one
  std::string title;                       // what the person calls it, may be empty
  std::string target;                      // where it goes, without secrets
  std::optional<std::uint64_t> requested;  // items; nothing for a run by duration
  code_kind codes = code_kind::status;     // what the answers' numbers are
  std::uint64_t seed = 0;
  std::string plan_digest;  // hexadecimal
  std::string lakh_version;
  std::vector<std::string> command_line;  // as without_secrets() gives it
  std::uint32_t sessions = 1;             // how often it was started
  run_state state = run_state::running;
  std::string started_at;         // RFC 3339; create() fills it in
  std::string ended_at;           // of the latest session, empty while it runs
  double seconds = 0;             // all sessions together
  std::optional<balance> result;  // as of ended_at
  std::string message;            // why it is stopped or broken
};

struct run_summary {
  std::filesystem::path folder;
  run_info info;
  bool alive = false;   // a process holds it now
  std::string problem;  // why run.json cannot be read; then `info` has only the run id
};

class run_folder {
 public:
  // Makes the folder with everything in it, durable when it returns, and holds its lock. Throws storage_error.
  static run_folder create(const std::filesystem::path& root, run_info info, std::string_view plan_yaml);

  // Opens a run to go on with it, and holds its lock. Throws storage_error if it is not there or another process has
  // it.
  static run_folder open(const std::filesystem::path& folder);

  // The folder that a person means: a run id, the beginning of one that is unique, its last part, "last" for the
  // newest, or a path to a run's folder. Throws input_error that lists what there is.
  static std::filesystem::path find(const std::filesystem::path& root, std::string_view wanted);

  // All runs, newest first. A folder that cannot be read is listed with its problem. Empty if there is no root.
  static std::vector<run_summary> list(const std::filesystem::path& root);

  // Whether a process holds the run's lock now.
  static bool is_held(const std::filesystem::path& folder);

  static run_info read_info(const std::filesystem::path& folder);
  static std::string read_plan(const std::filesystem::path& folder);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] const run_info& info() const noexcept { return info_; }
  // Replaces run.json. The run id cannot change.
  void update(run_info info);

  // The lock, for other processes of this loader: see file_lock::descriptor.
  [[nodiscard]] int lock_descriptor() const noexcept { return lock_.descriptor(); }

  // The first number that no ledger file has: a resume's writers count from here.
  [[nodiscard]] std::uint32_t next_writer() const;

 private:
  run_folder(std::filesystem::path path, file_lock lock, run_info info);

  std::filesystem::path path_;
  file_lock lock_;
  run_info info_;
};

// The command line as it may be written down: values of options and headers that carry secrets become "***", so do the
// user and password in a URL, and query parameters with such names.
std::vector<std::string> without_secrets(std::span<const std::string> words);

}  // namespace lakh::load
