#include <lakh/load/plan_shape.hpp>

#include <algorithm>
#include <charconv>

namespace lakh::load {
namespace {

constexpr unsigned most_processes = 1024;
constexpr unsigned most_threads = 1024;
constexpr unsigned most_coroutines = 1'000'000;
constexpr std::uint64_t most_lanes = 10'000'000;

std::expected<unsigned, std::string> count_of(std::string_view text, unsigned most, std::string_view whole) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > most) {
    return std::unexpected("shape '" + std::string(whole.substr(0, 60)) + "': '" + std::string(text.substr(0, 20)) +
                           "' is not a number from 1 to " + std::to_string(most));
  }
  return value;
}

}  // namespace

std::expected<run_shape, std::string> parse_shape(std::string_view text) {
  run_shape shape;
  if (text == "auto") return shape;
  shape.automatic = false;
  if (text == "serial") return shape;
  struct {
    std::string_view word;
    unsigned run_shape::* field;
    unsigned most;
  } const kinds[] = {{"coroutines", &run_shape::coroutines, most_coroutines},
                     {"threads", &run_shape::threads, most_threads},
                     {"processes", &run_shape::processes, most_processes}};
  for (const auto& kind : kinds) {
    if (!text.starts_with(kind.word)) continue;
    if (text.size() == kind.word.size() || text[kind.word.size()] != ':') {
      return std::unexpected("shape '" + std::string(text.substr(0, 60)) + "' lacks a number: write " +
                             std::string(kind.word) + ":8");
    }
    const auto count = count_of(text.substr(kind.word.size() + 1), kind.most, text);
    if (!count) return std::unexpected(count.error());
    shape.*kind.field = *count;
    return shape;
  }
  const std::size_t first = text.find('x');
  const std::size_t second = first == std::string_view::npos ? first : text.find('x', first + 1);
  if (second == std::string_view::npos) {
    return std::unexpected("'" + std::string(text.substr(0, 60)) +
                           "' is no shape: write auto, serial, coroutines:64, threads:8, processes:4, or processes x "
                           "threads x coroutines as 2x4x64");
  }
  const auto processes = count_of(text.substr(0, first), most_processes, text);
  if (!processes) return std::unexpected(processes.error());
  const auto threads = count_of(text.substr(first + 1, second - first - 1), most_threads, text);
  if (!threads) return std::unexpected(threads.error());
  const auto coroutines = count_of(text.substr(second + 1), most_coroutines, text);
  if (!coroutines) return std::unexpected(coroutines.error());
  shape.processes = *processes;
  shape.threads = *threads;
  shape.coroutines = *coroutines;
  if (shape.lanes() > most_lanes)
    return std::unexpected("shape '" + std::string(text) + "' has more than ten million lanes");
  return shape;
}

std::string format_shape(const run_shape& shape) {
  if (shape.automatic) return "auto";
  if (shape.lanes() == 1) return "serial";
  if (shape.processes == 1 && shape.threads == 1) return "coroutines:" + std::to_string(shape.coroutines);
  if (shape.processes == 1 && shape.coroutines == 1) return "threads:" + std::to_string(shape.threads);
  if (shape.threads == 1 && shape.coroutines == 1) return "processes:" + std::to_string(shape.processes);
  return std::to_string(shape.processes) + "x" + std::to_string(shape.threads) + "x" + std::to_string(shape.coroutines);
}

run_shape settle_shape(const run_shape& shape, std::uint64_t users, unsigned cores) noexcept {
  if (!shape.automatic) return shape;
  run_shape settled;
  settled.automatic = false;
  users = std::clamp<std::uint64_t>(users, 1, most_lanes);
  settled.threads = static_cast<unsigned>(std::min<std::uint64_t>(std::clamp(cores, 1U, most_threads), users));
  settled.coroutines = static_cast<unsigned>((users + settled.threads - 1) / settled.threads);
  return settled;
}

}  // namespace lakh::load
