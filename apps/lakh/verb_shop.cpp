// `lakh shop`: the order API that the demo loads, and that `lakh load` can be tried on.
#include "chaos_help.hpp"
#include "console.hpp"
#include "verb.hpp"

#include <lakh/shop/server.hpp>

#include <fmt/format.h>

#include <mutex>
#include <ostream>
#include <string>

namespace lakh::cli {
namespace {

int run_shop(environment& env, const words& given) {
  shop::server_settings settings;
  if (const auto listen = given.text("--listen")) settings.listen = *listen;
  if (const auto file = given.text("--db")) settings.database = *file;
  if (const auto file = given.text("--port-file")) settings.port_file = *file;
  settings.threads = static_cast<unsigned>(given.integer("--threads", 1, 256).value_or(0));
  settings.requires_key = given.has("--require-key");
  settings.delay = given.duration("--delay").value_or(duration::zero());
  if (const auto spec = given.text("--chaos")) settings.chaos = shop::read_chaos(*spec, "--chaos");

  std::mutex one_line;
  settings.say = [&](const std::string& line) {
    const std::lock_guard lock(one_line);
    *env.out << line << std::endl;  // a script that waits for the address reads it at once
  };
  settings.complain = [&](const std::string& line) {
    const std::lock_guard lock(one_line);
    *env.err << line << std::endl;
  };

  const shop::server_summary done = shop::serve(settings);
  const auto count = [](std::int64_t value) {
    return value < 10 ? std::to_string(value) : short_number(static_cast<double>(value));
  };
  *env.out << fmt::format("shop: closed with {} orders in {}; this time {} new, {} replayed, {} refused, {} failed\n",
                          count(done.orders), settings.database.string(), count(done.created), count(done.replayed),
                          count(done.refused), count(done.failed));
  if (settings.chaos) {
    std::string line;
    for (const shop::injection& one : done.injected)
      line += fmt::format("{} {} {}", line.empty() ? "" : ",", one.what, count(one.count));
    *env.out << "shop: failed on purpose:" << line << '\n';
  }
  return all_well;
}

}  // namespace

const verb& shop_verb() {
  static const std::string about =
      "An order is answered when it is on the disk, and not before. POST /orders takes an Idempotency-Key: the "
      "same key and body are answered the same again, and nothing is ordered twice. GET /orders lists by run, "
      "GET /stats counts, GET /openapi.json describes it all.\n"
      "It serves until SIGINT (Ctrl-C) or SIGTERM, and finishes what it has in hand. The database is an "
      "SQLite file: 'sqlite3 shop.db' shows it, also while the shop is open.\n"
      "\n"
      "--chaos makes it fail on purpose when orders are placed. SPEC is words with commas between them: a name, the "
      "share of the orders that it befalls, and for some a value, or two between which one is drawn. One mishap at "
      "most befalls an order. The same seed gives the same luck to the first order, the second, and so on.\n" +
      chaos_help(shop::chaos_rules()) +
      "What happened stands in GET /stats and is said at the end. docs/chaos.md tells more.\n";
  static const verb made = {
      .name = "shop",
      .summary = "serves an order API on a database of its own, to be loaded",
      .usage = {"lakh shop [options]"},
      .about = about,
      .options =
          {
              {.name = "--listen",
               .letter = 'l',
               .value = "ADDRESS",
               .help = "host:port, or unix:PATH; port 0 takes one that is free (127.0.0.1:8080)"},
              {.name = "--db",
               .value = "FILE",
               .help = "the database; created if there is none (shop.db)",
               .kind = value_kind::file},
              {.name = "--threads", .value = "N", .help = "threads that answer requests (one per core)"},
              {.name = "--port-file",
               .value = "FILE",
               .help = "writes the port there when the shop is open",
               .kind = value_kind::file},
              {.name = "--require-key", .help = "refuses an order without an Idempotency-Key"},
              {.name = "--delay",
               .value = "TIME",
               .help = "holds each order back so long before it is stored, as a slow shop would"},
              {.name = "--chaos",
               .value = "SPEC",
               .help = "fails on purpose, such as drop-after:1%,503:0.5%@1s,delay:5%@20ms..200ms,seed:7"},
          },
      .examples =
          {
              {"lakh shop", "opens on 127.0.0.1:8080, with shop.db in this folder"},
              {"lakh shop --listen 127.0.0.1:0 --port-file port --db /tmp/orders.db", "for scripts and tests"},
              {"lakh shop --delay 20ms", "a slow shop: shows what concurrency is worth"},
              {"lakh shop --chaos 'drop-before:1%,drop-after:1%,cut:0.5%,seed:7'",
               "a shop whose answers get lost, before and after the order is stored"},
              {"lakh http http://127.0.0.1:8080/stats", "what it has, from another terminal"},
          },
      .run = run_shop,
  };
  return made;
}

}  // namespace lakh::cli
