// A compiled exec step: what all its programs have in common. Internal to the room.
#pragma once

#include <lakh/actions/exec_expectation.hpp>
#include <lakh/actions/exec_source.hpp>
#include <lakh/core/json_path.hpp>
#include <lakh/load/template.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lakh::actions {

enum class exec_keeps_output : std::uint8_t {
  keep,
  failed,  // of items that are not as expected
  discard,
};

// A text that is rendered for each item, or the same for all of them.
struct exec_text {
  load::text_template text;
  std::string shown;  // what stands for it where others may read it; empty: itself
};

struct exec_variable {
  std::string name;
  load::text_template value;
};

struct exec_kept {
  enum class source : std::uint8_t { json, line, all };
  std::string name;
  source from = source::line;
  bool of_errors = false;
  json_path path;  // of json
  std::size_t slot = 0;
  std::string lead;  // `{"name":` of the first, `,"name":` of the others
};

struct exec_program {
  std::vector<exec_text> words;  // at least one
  std::vector<exec_variable> variables;
  std::vector<std::string> environment;  // the rest of it, as "NAME=value"
  bool has_input = false;
  exec_text input;
  config frozen;                     // what a run freezes of its file
  load::text_template directory;     // absolute once rendered
  std::filesystem::path folder;      // what a relative one starts from
  std::filesystem::path started_in;  // where this process is
  std::string search_path;           // PATH

  exec_expectation expect;
  std::vector<exec_kept> kept;
  std::string step;
  exec_keeps_output output = exec_keeps_output::keep;
  std::size_t capture = std::size_t{1} << 20U;           // bytes of each stream
  std::uint64_t output_total = std::uint64_t{1} << 30U;  // bytes that a loader process keeps of a run
  std::size_t kept_limit = 4096;
  std::chrono::nanoseconds time_limit{};
  std::chrono::nanoseconds kill_after = std::chrono::seconds(5);
  bool idempotent = false;
  bool keyed = false;
  bool used_later = false;

  // Nothing that it writes is looked at.
  [[nodiscard]] bool captures() const noexcept {
    return output != exec_keeps_output::discard || expect.reads_output() || !kept.empty();
  }
};

}  // namespace lakh::actions
