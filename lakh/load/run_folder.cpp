#include <lakh/core/clock.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/ledger_format.hpp>
#include <lakh/load/run_folder.hpp>
#include <lakh/load/run_json.hpp>

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace lakh::load {
namespace {

namespace json = boost::json;

constexpr std::array states{run_state::running, run_state::finished, run_state::stopped, run_state::broken};
constexpr std::size_t longest_file = 64 * 1024 * 1024;

std::string read_file(const std::filesystem::path& file) {
  const unique_fd fd = open_file(file, O_RDONLY);
  std::string text;
  std::array<char, 16384> part;
  for (;;) {
    const ssize_t got = ::read(fd.get(), part.data(), part.size());
    if (got == 0) return text;
    if (got < 0) {
      if (errno == EINTR) continue;
      throw storage_error(std::error_code(errno, std::generic_category()), file.string() + ": cannot read it");
    }
    text.append(part.data(), static_cast<std::size_t>(got));
    if (text.size() > longest_file)
      throw storage_error(errc::too_large, file.string() + ": it is larger than 64 MB, no run writes such a file");
  }
}

// U+FFFD for every byte that is not part of UTF-8.
std::string to_utf8(std::string_view text) {
  std::string good;
  for (;;) {
    const std::size_t bad = find_bad_utf8(text);
    good += text.substr(0, bad);
    if (bad == std::string_view::npos) return good;
    good += "\xEF\xBF\xBD";
    text.remove_prefix(bad + 1);
  }
}

// Names and words come from outside; a byte that is not UTF-8 would make the whole file unreadable.
std::string to_text(const run_info& info) {
  json::array command_line;
  for (const std::string& word : info.command_line) command_line.emplace_back(to_utf8(word));
  json::object object{{"run_id", info.run_id},
                      {"title", to_utf8(info.title)},
                      {"state", std::string(name(info.state))},
                      {"message", to_utf8(info.message)},
                      {"target", to_utf8(info.target)},
                      {"requested", info.requested ? json::value(*info.requested) : json::value(nullptr)},
                      {"codes", std::string(name(info.codes))},
                      {"seed", info.seed},
                      {"plan_digest", info.plan_digest},
                      {"lakh_version", info.lakh_version},
                      {"command_line", std::move(command_line)},
                      {"sessions", info.sessions},
                      {"started_at", info.started_at},
                      {"ended_at", info.ended_at},
                      {"seconds", info.seconds},
                      {"result", info.result ? json::value(to_json(*info.result)) : json::value(nullptr)}};
  // One member a line: people read this file and compare two of them.
  std::string text = "{\n";
  for (const auto& member : object) {
    text += fmt::format("  {}: {}{}\n", json::serialize(member.key()), json::serialize(member.value()),
                        &member + 1 == object.end() ? "" : ",");
  }
  return text + "}\n";
}

run_info from_text(std::string_view document) {
  const json::value parsed = json::parse(document);
  const json::object& object = parsed.as_object();
  run_info info;
  info.run_id = text_of(object, "run_id");
  info.title = text_of(object, "title");
  const std::string state = text_of(object, "state");
  const auto found = std::find_if(states.begin(), states.end(), [&](run_state one) { return name(one) == state; });
  if (found == states.end()) throw std::runtime_error("state `" + state + "` is not known");
  info.state = *found;
  info.message = text_of(object, "message");
  info.target = text_of(object, "target");
  if (!object.at("requested").is_null()) info.requested = number_of(object, "requested");
  // Runs of earlier versions do not say; they had statuses.
  if (object.contains("codes") && text_of(object, "codes") == name(code_kind::exit_code))
    info.codes = code_kind::exit_code;
  info.seed = number_of(object, "seed");
  info.plan_digest = text_of(object, "plan_digest");
  info.lakh_version = text_of(object, "lakh_version");
  for (const auto& word : object.at("command_line").as_array()) info.command_line.emplace_back(word.as_string());
  info.sessions = object.at("sessions").to_number<std::uint32_t>();
  info.started_at = text_of(object, "started_at");
  info.ended_at = text_of(object, "ended_at");
  info.seconds = object.at("seconds").to_number<double>();
  if (!object.at("result").is_null()) info.result = balance_of(object.at("result").as_object());
  return info;
}

// With all above it, each durable in the folder that it stands in.
void make_folders(const std::filesystem::path& folder) {
  std::error_code code;
  if (std::filesystem::is_directory(folder, code)) return;
  if (folder.has_parent_path() && folder.parent_path() != folder) make_folders(folder.parent_path());
  if (std::filesystem::create_directory(folder, code)) {
    if (folder.has_filename()) sync_folder(folder.parent_path());
  } else if (code) {
    throw storage_error(code, folder.string() + ": cannot make the folder for runs: " + code.message(),
                        "choose another with --runs");
  }
}

std::filesystem::path create_folder(const std::filesystem::path& root, std::string& run_id) {
  std::error_code code;
  make_folders(std::filesystem::absolute(root, code));
  const bool given = !run_id.empty();
  for (;;) {
    if (!given) run_id = make_run_id(wall_now());
    std::filesystem::path folder = root / run_id;
    if (std::filesystem::create_directory(folder, code)) return folder;
    if (code)
      throw storage_error(code, folder.string() + ": cannot make the folder: " + code.message(),
                          "choose another with --runs");
    if (given)
      throw storage_error(std::make_error_code(std::errc::file_exists), folder.string() + ": this run exists already");
  }
}

std::string holder_of(const std::filesystem::path& lock) {
  std::string line;
  std::getline(std::ifstream(lock), line);
  return line;
}

// The loader that wrote "process 4711, since …" is gone. Its worker processes hold the lock until they are, too.
bool is_gone(std::string_view holder) {
  constexpr std::string_view before = "process ";
  pid_t process = 0;
  if (!holder.starts_with(before)) return false;
  holder.remove_prefix(before.size());
  if (std::from_chars(holder.data(), holder.data() + holder.size(), process).ec != std::errc() || process <= 0)
    return false;
  return ::kill(process, 0) != 0 && errno == ESRCH;
}

file_lock lock(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "lock";
  // `lakh runs` takes the lock for a moment to see whether anybody holds it, so one refusal means nothing. The kernel
  // ends the processes of a loader that was killed in a moment, unless it is very busy.
  auto taken = file_lock::try_take(file);
  for (int more = 0; !taken && (more < 10 || (more < 500 && is_gone(holder_of(file)))); ++more) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    taken = file_lock::try_take(file);
  }
  if (!taken) {
    const std::string holder = holder_of(file);
    throw storage_error(std::make_error_code(std::errc::resource_unavailable_try_again),
                        fmt::format("{}: another lakh is loading this run{}", folder.string(),
                                    holder.empty() ? "" : " (" + holder + ")"),
                        "wait until it is done, or stop it with Ctrl-C; two loaders on one run would send items twice");
  }
  taken->write_holder(fmt::format("process {}, since {}\n", ::getpid(), rfc3339(wall_now())));
  return *std::move(taken);
}

bool is_run(const std::filesystem::path& folder) {
  std::error_code code;
  return std::filesystem::is_regular_file(folder / "run.json", code);
}

// What puts a run before another: its id tells the second in which it began, run.json the millisecond.
std::string order_of(const std::filesystem::path& folder) {
  const std::string id = folder.filename().string();
  std::string order = id.substr(0, std::string_view("20261121-235901").size());
  try {
    order += run_folder::read_info(folder).started_at;
  } catch (const storage_error&) {
    // it is listed with its problem
  }
  return order + id;
}

// Newest first.
std::vector<std::filesystem::path> runs_in(const std::filesystem::path& root) {
  std::vector<std::pair<std::string, std::filesystem::path>> found;
  std::error_code code;
  for (std::filesystem::directory_iterator entry(root, code), end; !code && entry != end; entry.increment(code)) {
    if (is_run_id(entry->path().filename().string())) found.emplace_back(order_of(entry->path()), entry->path());
  }
  std::sort(found.begin(), found.end(), std::greater<>());
  std::vector<std::filesystem::path> folders;
  for (auto& each : found) folders.push_back(std::move(each.second));
  return folders;
}

}  // namespace

std::string_view name(run_state state) noexcept {
  switch (state) {
    case run_state::running: return "running";
    case run_state::finished: return "finished";
    case run_state::stopped: return "stopped";
    case run_state::broken: break;
  }
  return "broken";
}

run_folder::run_folder(std::filesystem::path path, file_lock lock, run_info info)
    : path_(std::move(path)), lock_(std::move(lock)), info_(std::move(info)) {}

run_folder run_folder::create(const std::filesystem::path& root, run_info info, std::string_view plan_yaml) {
  std::filesystem::path folder = create_folder(root, info.run_id);
  file_lock held = lock(folder);
  if (info.started_at.empty()) info.started_at = rfc3339(wall_now());
  replace_file(folder / "plan.yaml", plan_yaml);
  replace_file(folder / "run.json", to_text(info));  // last: a folder without it is no run
  sync_folder(root);
  return {std::move(folder), std::move(held), std::move(info)};
}

run_folder run_folder::open(const std::filesystem::path& folder) {
  if (!is_run(folder)) {
    throw storage_error(std::make_error_code(std::errc::no_such_file_or_directory),
                        folder.string() + ": there is no run here", "`lakh runs` lists the runs");
  }
  file_lock held = lock(folder);
  run_info info = read_info(folder);
  return {folder, std::move(held), std::move(info)};
}

run_info run_folder::read_info(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "run.json";
  try {
    return from_text(read_file(file));
  } catch (const storage_error&) {
    throw;
  } catch (const std::exception& caught) {
    throw storage_error(errc::storage_failure, file.string() + ": not what lakh writes: " + caught.what(),
                        "restore the file from a copy");
  }
}

std::string run_folder::read_plan(const std::filesystem::path& folder) {
  return read_file(folder / "plan.yaml");
}

void run_folder::update(run_info info) {
  info.run_id = info_.run_id;
  replace_file(path_ / "run.json", to_text(info));
  info_ = std::move(info);
}

std::uint32_t run_folder::next_writer() const {
  std::uint32_t next = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    if (const auto writer = ledger_writer_of(entry.path())) next = std::max(next, *writer + 1);
  }
  return next;
}

std::vector<run_summary> run_folder::list(const std::filesystem::path& root) {
  std::vector<run_summary> summaries;
  for (const std::filesystem::path& folder : runs_in(root)) {
    run_summary& summary = summaries.emplace_back();
    summary.folder = folder;
    try {
      summary.info = read_info(folder);
    } catch (const storage_error& caught) {
      summary.info.run_id = folder.filename().string();
      summary.problem = caught.what();
    }
    summary.alive = is_held(folder);
  }
  return summaries;
}

// Looking takes the lock for a moment, but only where the file is there, so that looking changes nothing.
bool run_folder::is_held(const std::filesystem::path& folder) {
  std::error_code code;
  if (!std::filesystem::exists(folder / "lock", code)) return false;
  try {
    return !file_lock::try_take(folder / "lock").has_value();
  } catch (const storage_error&) {
    return false;  // not ours to open: a copy, a read-only disk, another user's run
  }
}

std::filesystem::path run_folder::find(const std::filesystem::path& root, std::string_view wanted) {
  if (wanted.find('/') != std::string_view::npos) {
    const std::filesystem::path folder(wanted);
    if (is_run(folder)) return folder;
    throw input_error(folder.string() + ": there is no run in this folder", "`lakh runs` lists the runs");
  }
  const std::vector<std::filesystem::path> folders = runs_in(root);
  if (wanted == "last") {
    // A loader that was killed before it had written run.json leaves a folder that is no run.
    const auto newest = std::ranges::find_if(folders, is_run);
    if (newest != folders.end()) return *newest;
  }
  std::vector<std::filesystem::path> fitting;
  for (const auto& folder : folders) {
    const std::string id = folder.filename().string();
    if (!wanted.empty() && (id.starts_with(wanted) || id.ends_with(wanted))) fitting.push_back(folder);
  }
  if (fitting.size() == 1) return fitting.front();
  if (fitting.empty()) {
    throw input_error(fmt::format("there is no run `{}` in {}", wanted, root.string()),
                      folders.empty()
                          ? "no run has been made there yet"
                          : "the newest is " + folders.front().filename().string() + "; `lakh runs` lists all");
  }
  throw input_error(fmt::format("`{}` could be {} of the runs in {}", wanted, fitting.size(), root.string()),
                    "give more of it: " + fitting[0].filename().string() + ", " + fitting[1].filename().string() +
                        (fitting.size() > 2 ? ", ..." : ""));
}

}  // namespace lakh::load
