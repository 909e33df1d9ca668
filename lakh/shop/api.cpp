#include <lakh/async/sleep.hpp>
#include <lakh/http/app.hpp>
#include <lakh/http/bounded.hpp>
#include <lakh/shop/api.hpp>
#include <lakh/shop/chaos.hpp>
#include <lakh/shop/digest.hpp>
#include <lakh/shop/idempotency_key.hpp>
#include <lakh/shop/order_answer.hpp>
#include <lakh/shop/order_id.hpp>
#include <lakh/shop/order_json.hpp>
#include <lakh/shop/order_list_answer.hpp>
#include <lakh/shop/order_rules.hpp>
#include <lakh/shop/pricing.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lakh::shop {
namespace {

struct product_list {
  std::vector<product> products;
};
BOOST_DESCRIBE_STRUCT(product_list, (), (products))

struct chaos_view {
  std::string spec;
  std::int64_t orders = 0;  // that chaos was asked about
  std::vector<injection> injected;
};
BOOST_DESCRIBE_STRUCT(chaos_view, (), (spec, orders, injected))

struct stats_view {
  std::int64_t orders = 0;
  std::int64_t distinct_keys = 0;
  std::int64_t total = 0;
  std::vector<run_count> runs;
  // Since this process was started:
  std::int64_t created = 0;
  std::int64_t replays = 0;
  std::int64_t conflicts = 0;
  std::int64_t in_progress = 0;
  std::int64_t invalid = 0;
  std::int64_t failed = 0;
  std::optional<chaos_view> chaos;
};
BOOST_DESCRIBE_STRUCT(stats_view, (),
                      (orders, distinct_keys, total, runs, created, replays, conflicts, in_progress, invalid, failed,
                       chaos))

struct health {
  std::string status;
};
BOOST_DESCRIBE_STRUCT(health, (), (status))

constexpr std::string_view key_document = "/docs/idempotency";

constexpr std::string_view about_keys =
    R"(POST /orders takes an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07).

Form      "8e03978e-40d5-43e8-bc93-6894a57f9324" or, without quotation marks, letters, digits and
          !#$%&'*+-./:=?@^_`|~ ; 1 to 255 characters. Both spellings are the same key.
Scope     this shop.
Retry     The same key with the same body, byte for byte, is answered as the first time, with the field
          Idempotency-Replayed: true. Nothing is ordered twice.
Misuse    The same key with another body is refused: 422.
Too soon  While the first request under a key is in progress, another is refused: 409. Try again.
Refused   A request that was answered with 4xx has not used its key. After 5xx, or no answer at all, send it again
          under the same key: that is what the key is for.
Expiry    None: a key is kept as long as its order.
)";

http::problem key_problem(int status, std::string_view title, const std::string& detail) {
  http::problem problem(status, detail);
  problem.title(title).type(key_document);
  problem.header("Link", "</docs/idempotency>; rel=\"describedby\"; type=\"text/plain\"");
  if (status == 409) problem.header("Retry-After", "1");
  return problem;
}

http::problem chaotic(int status, const fate& luck) {
  http::problem problem(status, "the shop was told to answer so, by --chaos");
  if (status == 429 || status == 503) problem.header("Retry-After", std::to_string(luck.value));
  return problem;
}

http::created<order_answer> made(std::string id, std::string answer) {
  return http::created(order_answer(std::move(answer)), "/orders/" + std::move(id));
}

http::problem try_again(const std::string& why) {
  http::problem problem(503, why + ": try again, under the same key");
  problem.header("Retry-After", "1");
  return problem;
}

std::string known_fields() {
  std::string all;
  for (const std::string_view name : order_field_names) all.append(all.empty() ? "" : ",").append(name);
  return all;
}

// Nothing where the request has no key.
std::optional<std::string> key_of(const http::request& request, const std::optional<std::string>& field,
                                  bool required) {
  if (!field) {
    if (!required) return std::nullopt;
    throw key_problem(400, "Idempotency-Key is missing",
                      "this shop takes an order only with an Idempotency-Key, so that it can be sent again safely");
  }
  if (request.headers().count("Idempotency-Key") > 1)
    throw key_problem(400, "Idempotency-Key is malformed", "the field is given more than once");
  auto key = read_idempotency_key(*field);
  if (!key) throw key_problem(400, "Idempotency-Key is malformed", key.error());
  return std::move(*key);
}

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

template <class T> std::optional<std::string> plain(const std::optional<T>& bounded) {
  if (!bounded) return std::nullopt;
  return bounded->value();
}

// Everything that can be done before the order's turn to be committed comes.
order_entry make_entry(const new_order& order, const catalogue& products, std::string_view body) {
  const price sum = price_of(order, products);
  order_entry entry;
  entry.run = plain(order.run);
  entry.reference = plain(order.reference);
  entry.email = lower_case(order.customer.email);
  entry.name = order.customer.name;
  entry.phone = plain(order.customer.phone);
  entry.total = sum.total;
  entry.digest = digest_of(body);
  entry.rest.reserve(body.size() + 64 + 96 * order.lines.size());
  append_order_rest(entry.rest, order, products, sum, entry.digest);
  return entry;
}

}  // namespace

task<http::created<order_answer>> api::place(http::body<new_order> order,
                                             http::header<"Idempotency-Key", std::optional<std::string>> key_field,
                                             http::request& request) {
  std::optional<std::string> key = key_of(request, *key_field, options_.requires_key);
  if (const http::field_errors errors = check(*order, products_); !errors.empty()) {
    ++counters_.invalid;
    throw http::invalid_values(errors);
  }
  order_entry entry = make_entry(*order, products_, request.content());
  if (key) {
    auto claim = store_.keys().try_claim(std::move(*key));
    if (!claim) {
      ++counters_.keys_in_progress;
      throw key_problem(409, "A request is outstanding for this Idempotency-Key",
                        "the first request under this key has not been answered yet: try again");
    }
    entry.claim = std::move(*claim);
  }
  fate luck;
  if (chaos_) {
    luck = chaos_->draw();
    entry.key_forgotten = chaos_->forgets(entry.claim.key());
  }
  if (const duration delay = options_.delay + luck.delay; delay > duration::zero()) co_await sleep_for(delay);
  if (chaos_)
    if (auto instead = befall_early(luck, request)) co_return std::move(*instead);
  const bool forgotten = entry.key_forgotten;

  placed result = co_await store_.place(std::move(entry));
  switch (result.outcome) {
    case placement::created:
      ++counters_.created;
      if (forgotten) chaos_->count(mishap::forget);
      if (chaos_) chaos_->keep(result.id, result.answer);
      break;
    case placement::replayed:
      ++counters_.replayed;
      request.answer_header("Idempotency-Replayed", "true");
      break;
    case placement::key_reused:
      ++counters_.keys_reused;
      throw key_problem(422, "Idempotency-Key is already used",
                        "an order was accepted under this key, and its body was another");
    case placement::busy: ++counters_.failed; throw try_again("too many orders wait to be stored");
    case placement::disk_full:
      ++counters_.failed;
      throw http::problem(507, "the shop's disk is full; the order was not stored");
    case placement::failed: ++counters_.failed; throw try_again("the order could not be stored");
    case placement::in_doubt:
      // Not 503, which would say that nothing was done.
      ++counters_.failed;
      throw http::problem(500,
                          "the disk failed, and the order may have been stored or not: ask for it, or send it again "
                          "under the same key");
  }
  if (chaos_) befall_late(luck, result, request);
  co_return made(std::move(result.id), std::move(result.answer));
}

// Instead of storing the order.
std::optional<http::created<order_answer>> api::befall_early(const fate& luck, http::request& request) {
  if (luck.delay > duration::zero()) chaos_->count(mishap::delay);
  if (!luck.what || *luck.what >= mishap::drop_after) return std::nullopt;
  if (*luck.what == mishap::swallow) {
    auto other = chaos_->another(luck, {});
    if (!other) return std::nullopt;  // the first order: there is no other to be taken for
    chaos_->count(mishap::swallow);
    request.answer_header("Idempotency-Replayed", "true");
    return made(std::move(other->id), std::move(other->answer));
  }
  chaos_->count(*luck.what);
  if (*luck.what == mishap::too_many_requests) throw chaotic(429, luck);
  if (*luck.what == mishap::internal_error) throw chaotic(500, luck);
  if (*luck.what == mishap::unavailable) throw chaotic(503, luck);
  request.cut_answer(0);
  return made({}, {});
}

// When the order is on the disk.
void api::befall_late(const fate& luck, placed& result, http::request& request) {
  if (!luck.what || *luck.what < mishap::drop_after) return;
  if (*luck.what == mishap::misanswer) {
    auto other = chaos_->another(luck, result.id);
    if (!other) return;
    result.id = std::move(other->id);
    result.answer = std::move(other->answer);
  } else if (*luck.what != mishap::internal_error_late) {
    request.cut_answer(*luck.what == mishap::cut ? chaos_->part_of(luck, result.answer.size()) : 0);
  }
  chaos_->count(*luck.what);
  if (*luck.what == mishap::internal_error_late) throw chaotic(500, luck);
}

void api::add_to(http::app& app) {
  app.description("An order API to be loaded: every order is on the disk before it is answered.");

  app.post("/orders",
           [this](http::body<new_order> order, http::header<"Idempotency-Key", std::optional<std::string>> key,
                  http::request& request) { return place(std::move(order), std::move(key), request); })
      .summary("Place an order")
      .description(
          "Answered when the order is durable. With an Idempotency-Key it can be sent again safely: see "
          "/docs/idempotency.")
      .tag("orders");

  app.get("/orders/{id}",
          [this](http::path<"id"> id) -> order_answer {
            auto found = store_.find(*id);
            if (!found) throw http::problem(404, "there is no order with this id");
            return order_answer(std::move(*found));
          })
      .summary("One order, as it was answered")
      .tag("orders");

  app.get("/orders",
          [this](http::query<"run", std::optional<std::string>> run,
                 http::query<"cursor", std::optional<std::string>> cursor,
                 http::query<"limit", http::ranged<std::int64_t, 1, longest_page>, 100> limit,
                 http::query<"fields", std::optional<std::string>> fields) -> order_list_answer {
            std::int64_t after = 0;
            if (*cursor) {
              const auto mark = read_cursor(**cursor);
              if (!mark) throw http::problem(400, "the cursor is not one of this shop: begin without one");
              after = *mark;
            }
            order_fields shown = order_fields::all();
            if (*fields) {
              const auto named = order_fields::read(**fields);
              if (!named) throw http::problem(400, "fields are named as in " + known_fields());
              shown = *named;
            }
            return order_list_answer(store_.list(*run, after, limit->value(), shown));
          })
      .summary("Orders in the order of their commit")
      .description(
          "`next` is the cursor of the next page. Orders that come meanwhile are on the last pages. `fields` names the "
          "fields to show, as in reference,digest; all if it is not given.")
      .tag("orders");

  app.get("/catalogue",
          [this] {
            const auto all = products_.all();
            return product_list{{all.begin(), all.end()}};
          })
      .summary("What can be ordered")
      .tag("catalogue");

  app.get("/customers/{email}",
          [this](http::path<"email"> email) -> customer_view {
            auto found = store_.find_customer(lower_case(*email));
            if (!found) throw http::problem(404, "nobody has ordered with this e-mail address");
            return std::move(*found);
          })
      .summary("A customer, as last seen")
      .tag("customers");

  app.get("/stats",
          [this] {
            order_counts stored = store_.count();
            stats_view view;
            view.orders = stored.orders;
            view.distinct_keys = stored.keys;
            view.total = stored.total;
            view.runs = std::move(stored.runs);
            view.created = counters_.created;
            view.replays = counters_.replayed;
            view.conflicts = counters_.keys_reused;
            view.in_progress = counters_.keys_in_progress;
            view.invalid = counters_.invalid;
            view.failed = counters_.failed;
            if (chaos_) view.chaos = {chaos_->spec().text(), chaos_->orders(), chaos_->counted()};
            return view;
          })
      .summary("Counts: of the database, by run, and of what happened since the start")
      .tag("shop");

  app.get("/healthz", [] { return health{"ok"}; }).summary("Whether the shop serves").tag("shop");

  app.get(key_document, [] { return http::reply().text(std::string(about_keys)); })
      .summary("What an Idempotency-Key does here")
      .answers(200, "text/plain; charset=utf-8")
      .tag("shop");
}

}  // namespace lakh::shop
