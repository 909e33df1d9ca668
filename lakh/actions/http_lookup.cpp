#include <lakh/actions/http_lookup.hpp>
#include <lakh/actions/http_source.hpp>
#include <lakh/actions/json_entries.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/core/error.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace lakh::actions {
namespace {

constexpr std::uint64_t most_users = 10'000;

std::vector<int> statuses(const config* given, const std::string& what, std::vector<int> otherwise) {
  if (given == nullptr) return otherwise;
  const auto one = [&](const config& status) { return static_cast<int>(status.integer(what, 100, 599)); };
  std::vector<int> all;
  if (given->is_sequence())
    for (const config& each : given->items(what)) all.push_back(one(each));
  else
    all.push_back(one(*given));
  if (all.empty()) given->fail(what + " names no status");
  return all;
}

bool has(const std::vector<int>& all, int status) {
  return std::ranges::find(all, status) != all.end();
}

}  // namespace

struct http_lookup::program {
  program(const load::plan& p, const load::template_scope& scope, config_reader read)
      : source(p, scope, read.find("headers"), "reconcile.lookup.headers"),
        url(template_of_item(read.require("url"), load::text_format::url, scope, "reconcile.lookup.url")),
        found(statuses(read.find("found"), "reconcile.lookup.found", {200})),
        absent(statuses(read.find("absent"), "reconcile.lookup.absent", {404, 410})),
        fields(read, "reconcile.lookup"),
        seed(p.seed) {
    if (url.same_for_every_item())
      read.require("url").fail("reconcile.lookup.url asks the same for every item", "it must have {{item}} in it");
    for (const int status : found)
      if (has(absent, status))
        read.node().fail("reconcile.lookup: status " + std::to_string(status) + " cannot say both found and absent");
    if (const config* at = read.find("entries")) entries.emplace(at->text("reconcile.lookup.entries"), at->place());
    if (const config* at = read.find("users")) users = at->integer("reconcile.lookup.users", 1, most_users);
    const config* named = read.find("item");
    if (named != nullptr) item = template_of_item(*named, load::text_format::plain, scope, "reconcile.lookup.item");
    if ((named != nullptr) != fields.has_reference())
      read.node().fail("reconcile.lookup: `reference` and `item` belong together",
                       "`reference` says where an answer names its item, `item` how that reads");
    read.finish();
  }

  [[nodiscard]] load::render_input input_for(std::uint64_t number, const load::render_input& of_run) const {
    load::render_input input = of_run;
    input.item = number;
    input.random = load::item_random(load::run_random(seed, of_run.run), number);
    return input;
  }

  task<void> ask_for(http::session& by, std::uint64_t number, const load::render_input& of_run,
                     const entry_sink& tell) const {
    const load::render_input input = input_for(number, of_run);
    const std::string at = render_text(url, input);
    const http::response answer = co_await source.ask(by, at);
    if (has(absent, answer.status())) co_return;
    if (!has(found, answer.status())) {
      answer.raise_for_status();
      throw status_error(answer.status(),
                         "GET " + at + ": " + std::to_string(answer.status()) + " says neither found nor absent",
                         "say what it means in the plan: `found:` or `absent:` under reconcile.lookup");
    }
    const std::string& body = answer.body();
    const std::string wanted = fields.has_reference() ? render_text(item, input) : std::string();
    const auto one = [&](const json_fields::values& given) {
      load::target_entry entry;
      entry.reference = fields.has_reference() ? given.reference : std::string_view(at);
      entry.digest = given.digest;
      if (!fields.has_reference() || given.reference == wanted) entry.item = number;
      tell(entry);
    };
    if (entries)
      for_each_entry(body, *entries, fields, "the look-up at " + at, one);
    else if (fields.any())
      one(json_fields::reader(fields).read(checked_document(body, "the look-up at " + at)));
    else
      one({});
  }

  http_source source;
  load::text_template url;
  std::vector<int> found;
  std::vector<int> absent;
  json_fields fields;
  std::optional<json_path> entries;
  load::text_template item;
  std::uint64_t users = 64;
  std::uint64_t seed;
};

http_lookup::http_lookup(const load::plan& p, const load::template_scope& scope, const config& lookup)
    : program_(std::make_unique<const program>(p, scope, config_reader(lookup, "reconcile.lookup"))) {}

http_lookup::~http_lookup() = default;

task<void> http_lookup::read(const load::render_input& of_run, const item_cursor& asked, const entry_sink& tell) const {
  const program& my = *program_;
  http::session http(my.source.options(of_run, my.users));
  std::uint64_t from = 0;
  bool more = true;
  const auto lane = [&]() -> task<void> {
    while (more) {
      const std::optional<std::uint64_t> item = asked(from);
      if (!item) {
        more = false;
        break;
      }
      from = *item + 1;
      co_await my.ask_for(http, *item, of_run, tell);
    }
  };
  co_await in_scope([&](scope& lanes) -> task<void> {
    for (std::uint64_t user = 0; user < my.users; ++user) lanes.spawn(lane());
    co_return;
  });
}

}  // namespace lakh::actions
