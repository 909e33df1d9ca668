// The files that a run leaves behind for people and for CI, and the judgement over its limits.
#pragma once

#include "words.hpp"

#include <lakh/actions/run_load.hpp>
#include <lakh/load/limit.hpp>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::cli {

// Writes a file whole, by way of another name in the same folder: nobody finds half of it. Throws storage_error.
void write_whole(const std::filesystem::path& file, std::string_view text);

struct run_files {
  std::vector<load::limit_verdict> limits;
  std::string page;                // report.html, if it was written
  std::vector<std::string> notes;  // what could not be written, and why: a run that ended well stays one
  bool kept = true;                // no limit is broken
};

// At the end of a run: report.html into its folder, unless --no-report says otherwise, and JUnit where --junit says.
// `target` and `title` name a run without a folder. Throws storage_error where the file of --junit cannot be written.
run_files write_run_files(const words& given, std::span<const load::limit> limits, const actions::load_report& report,
                          const std::string& title, const std::string& target);

}  // namespace lakh::cli
