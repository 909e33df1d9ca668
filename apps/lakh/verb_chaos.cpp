// `lakh chaos`: a proxy that does harm on purpose, before any server.
#include "chaos_help.hpp"
#include "console.hpp"
#include "verb.hpp"

#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/signals.hpp>
#include <lakh/core/open_files.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/balance.hpp>
#include <lakh/net/chaos_proxy.hpp>
#include <lakh/net/port_file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <optional>
#include <ostream>
#include <string>

namespace lakh::cli {
namespace {

using load::grouped;
using net::chaos_event;

struct proxy_settings {
  net::endpoint listen;
  net::endpoint target;
  chaos_spec spec;
  std::optional<std::filesystem::path> port_file;
  std::size_t connections = 10'000;
  std::chrono::nanoseconds connect_time = std::chrono::seconds(10);
  bool verbose = false;
  bool json = false;
};

// Raises what this process may have open, as far as it can; gives how many connections there is room for then.
std::size_t make_room(std::size_t connections) {
  constexpr std::uint64_t besides = 64;
  if (raise_open_files(2 * connections + besides)) return connections;
  const std::uint64_t now = open_files().now;  // connections wait for each other
  return std::max<std::size_t>((now - std::min(besides, now)) / 2, 1);
}

std::string text_of(const chaos_event& event) {
  std::string line = fmt::format("#{} {} ", event.connection, event.peer);
  switch (event.what) {
    case chaos_event::kind::opened: return line + "opened";
    case chaos_event::kind::unreachable: return line + "target unreachable: " + printable(event.why);
    case chaos_event::kind::closed:
      return line +
             fmt::format("closed after {} up, {} down", short_size(event.bytes_up), short_size(event.bytes_down));
    case chaos_event::kind::harmed: break;
  }
  line += net::name(*event.effect);
  if (event.effect == net::chaos_effect::refuse) return line;
  const std::uint64_t passed = event.direction == net::chaos_direction::up ? event.bytes_up : event.bytes_down;
  return line + fmt::format(" {} after {}", net::name(event.direction), short_size(passed));
}

std::string json_of(const chaos_event& event) {
  static constexpr std::array<std::string_view, 4> names{"opened", "harmed", "unreachable", "closed"};
  std::string text = fmt::format(R"({{"event":"{}","connection":{},"peer":)",
                                 names[static_cast<std::size_t>(event.what)], event.connection);
  append_json_string(text, event.peer);
  if (event.what == chaos_event::kind::harmed) {
    text += fmt::format(R"(,"effect":"{}")", net::name(*event.effect));
    if (event.effect != net::chaos_effect::refuse)
      text += fmt::format(R"(,"direction":"{}")", net::name(event.direction));
  }
  if (event.what == chaos_event::kind::unreachable) {
    text += R"(,"why":)";
    append_json_string(text, printable(event.why));
  }
  if (event.what == chaos_event::kind::harmed || event.what == chaos_event::kind::closed)
    text += fmt::format(R"(,"bytes_up":{},"bytes_down":{})", event.bytes_up, event.bytes_down);
  return text + "}";
}

std::string greeting(const proxy_settings& settings, const net::endpoint& at) {
  if (!settings.json)
    return fmt::format("chaos: listening at {}, before {}\nchaos: {}", at.text(), settings.target.text(),
                       settings.spec.text());
  std::string text = R"({"event":"listening","address":)";
  append_json_string(text, at.text());
  text += R"(,"target":)";
  append_json_string(text, settings.target.text());
  text += R"(,"chaos":)";
  append_json_string(text, settings.spec.text());
  return text + "}";
}

std::string farewell(const proxy_settings& settings, const net::chaos_counts& counts) {
  std::string harmed;
  for (std::size_t i = 0; i < net::chaos_effect_count; ++i) {
    const std::string_view name = net::name(static_cast<net::chaos_effect>(i));
    if (settings.spec.find(name) == nullptr) continue;
    harmed += settings.json ? fmt::format(R"({}"{}":{})", harmed.empty() ? "" : ",", name, counts.harmed[i])
                            : fmt::format(", {} {}", name, grouped(counts.harmed[i]));
  }
  if (settings.json)
    return fmt::format(
        R"({{"event":"ended","connections":{},"unreachable":{},"bytes_up":{},"bytes_down":{},"harmed":{{{}}}}})",
        counts.connections, counts.unreachable, counts.bytes_up, counts.bytes_down, harmed);
  return fmt::format("chaos: ended after {} connections, {} up, {} down{}{}", grouped(counts.connections),
                     short_size(counts.bytes_up), short_size(counts.bytes_down),
                     counts.unreachable == 0 ? "" : fmt::format(", target unreachable {}", grouped(counts.unreachable)),
                     harmed);
}

task<void> serve_until_signal(environment& env, const proxy_settings& settings, net::chaos_proxy& proxy) {
  net::listener at(settings.listen);
  // Caught before anybody is told that it listens: who knows of it may send a signal at once.
  signal_watch signals{SIGINT, SIGTERM};
  if (settings.port_file) net::write_port_file(*settings.port_file, at.local().port());
  *env.out << greeting(settings, at.local()) << std::endl;
  co_await in_scope([&](scope& all) -> task<void> {
    all.spawn(proxy.serve(std::move(at)));
    co_await signals.next();
    all.cancel();
  });
}

int run_chaos(environment& env, const words& given) {
  const std::vector<std::string>& said = given.positional();
  if (said.size() != 3)
    throw input_error("'lakh chaos' needs where to listen, a target, and what to do to connections",
                      "such as: lakh chaos 127.0.0.1:9090 127.0.0.1:8080 'down.cut:1%@100,delay:5%@20ms'");
  proxy_settings settings;
  settings.listen = net::endpoint::parse(said[0]);
  settings.target = net::endpoint::parse(said[1]);
  settings.spec = chaos_spec::parse(said[2], net::chaos_proxy_rules(), "SPEC");
  if (settings.target.kind() == net::endpoint::family::tcp && settings.target.port() == 0)
    throw input_error("address '" + said[1] + "': a target has no port 0", "give the port on which the server listens");
  if (settings.target == settings.listen)
    throw input_error("'" + said[0] + "' is both listened on and the target: it would connect to itself",
                      "let the server listen on another port, and clients connect to this one");
  if (const auto file = given.text("--port-file")) settings.port_file = *file;
  settings.connections = make_room(given.integer("--connections", 1, 1'000'000).value_or(settings.connections));
  settings.connect_time = given.duration("--connect-timeout").value_or(settings.connect_time);
  settings.verbose = given.has("--verbose");
  settings.json = given.has("--json");

  net::chaos_proxy_options options;
  options.connections(settings.connections).connect_time(settings.connect_time);
  if (settings.verbose)
    options.on_event(
        [&](const chaos_event& event) { *env.out << (settings.json ? json_of(event) : text_of(event)) << std::endl; });
  net::chaos_proxy proxy(settings.target, settings.spec, options);
  run(serve_until_signal(env, settings, proxy));
  *env.out << farewell(settings, proxy.counts()) << '\n';
  return all_well;
}

}  // namespace

const verb& chaos_verb() {
  static const std::string about =
      "Connect clients to LISTEN instead of TARGET, and their connections fail as networks do. Both are HOST:PORT or "
      "unix:PATH; port 0 listens on one that is free. Whatever runs over TCP can be tried: it does not know "
      "protocols.\n"
      "\n"
      "SPEC is words with commas between them: a name, the share of the connections that it befalls (:1%; all, if it "
      "is "
      "left out), and for most a value, or two between which one is drawn (@20ms..200ms). In front, 'up.' means only "
      "what clients send, 'down.' only what the target sends. 'seed:7' chooses other luck: the same seed does the same "
      "to the first connection, the second, and so on.\n" +
      chaos_help(net::chaos_proxy_rules()) +
      "It serves until SIGINT (Ctrl-C) or SIGTERM, and says then what it has done. docs/chaos.md tells more.\n";
  static const verb made = {
      .name = "chaos",
      .summary = "a proxy that delays, cuts and resets connections on purpose",
      .usage = {"lakh chaos LISTEN TARGET SPEC [options]"},
      .about = about,
      .options =
          {
              {.name = "--verbose", .letter = 'v', .help = "a line for each connection, and for what is done to it"},
              {.name = "--json", .help = "lines are JSON objects"},
              {.name = "--port-file",
               .value = "FILE",
               .help = "writes the port there when it listens",
               .kind = value_kind::file},
              {.name = "--connections", .value = "N", .help = "carries at most so many at a time; more wait (10000)"},
              {.name = "--connect-timeout", .value = "TIME", .help = "for connecting to the target (10s)"},
          },
      .positionals = {{.name = "LISTEN"}, {.name = "TARGET"}, {.name = "SPEC"}},
      .examples =
          {
              {"lakh chaos 127.0.0.1:9090 127.0.0.1:8080 'down.cut:1%@0..500,seed:7' -v",
               "one answer in a hundred ends somewhere in its first 500 bytes"},
              {"lakh chaos :5433 db.example:5432 'delay@40ms..60ms,throttle@64KiB/s'",
               "a database at the end of a long, thin line"},
              {"lakh chaos 127.0.0.1:9090 127.0.0.1:8080 'refuse:1%,reset:1%@1..2KiB,hole:0.5%'",
               "connections that die before, while and without anybody hearing of it"},
          },
      .run = run_chaos,
  };
  return made;
}

}  // namespace lakh::cli
