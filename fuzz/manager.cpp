// Requests of a client that has the key and means no good: any bytes. The manager answers or refuses, keeps no more
// than it may, and has its memory back when everything is forgotten.
#include "expect.hpp"

#include <lakh/core/error.hpp>
#include <lakh/parallel/manager_store.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace lakh;
using namespace lakh::detail;

constexpr std::size_t most_memory = 4096;
constexpr std::size_t most_in_reply = 512;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  manager_store store(most_memory, most_in_reply);
  std::set<std::string> names;
  // A byte of length before each request.
  while (!bytes.empty()) {
    const auto length = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    const std::string_view one = bytes.substr(0, length);
    bytes.remove_prefix(one.size());
    try {
      auto request = unpack<manager_request>(one);
      names.insert(request.name);
      const manager_reply reply = store.perform(std::move(request));
      fuzz::expect(unpack<manager_reply>(pack(reply)).status == reply.status, "a reply can be read");
    } catch (const input_error&) {  // refused: no request
    }
    fuzz::expect(store.memory() <= most_memory, "no more is kept than may be");
  }
  for (const std::string& name : names) {
    manager_request request;
    request.verb = manager_verb::forget;
    request.name = name;
    (void)store.perform(std::move(request));
  }
  fuzz::expect(store.memory() == 0, "what is forgotten is given back");
  return 0;
}
