#include <lakh/core/error.hpp>
#include <lakh/parallel/worker_function.hpp>

#include <mutex>

namespace lakh::detail {
namespace {

constexpr std::size_t longest_name = 255;

// Made by the first that registers: static objects of other sources may do so before this one's would be made.
struct registry {
  std::mutex mutex;
  std::map<std::string, named_function, std::less<>> functions;
};
registry& all() {
  static registry instance;
  return instance;
}

}  // namespace

void register_function(std::string_view name, named_function function) {
  if (name.empty() || name.size() > longest_name)
    throw input_error("a worker function's name has 1 to 255 bytes: \"" + std::string(name.substr(0, longest_name)) +
                      '"');
  registry& known = all();
  const std::lock_guard<std::mutex> lock(known.mutex);
  const auto [at, added] = known.functions.try_emplace(std::string(name), function);
  if (!added && (at->second.run != function.run || at->second.state != function.state))
    throw input_error("two worker functions are called \"" + std::string(name) + '"');
}

const named_function* find_function(std::string_view name) {
  registry& known = all();
  const std::lock_guard<std::mutex> lock(known.mutex);
  const auto at = known.functions.find(name);
  return at == known.functions.end() ? nullptr : &at->second;  // entries stay where they are
}

std::map<std::string, std::uint64_t> registered_functions() {
  registry& known = all();
  const std::lock_guard<std::mutex> lock(known.mutex);
  std::map<std::string, std::uint64_t> layouts;
  for (const auto& [name, function] : known.functions) layouts.emplace(name, function.layout);
  return layouts;
}

}  // namespace lakh::detail
