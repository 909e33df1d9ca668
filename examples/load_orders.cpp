// What `lakh load` does, from C++: a plan, N items, a ledger, a balance. The target here is a small server of its own
// that loses the answer of every hundredth order, after it has stored it: each order is there once all the same, for it
// is sent again under its own key.
//
//   load_orders            loads into a temporary folder, and removes it
//   load_orders FOLDER     keeps the run there: lakh verify FOLDER/RUN, lakh report FOLDER/RUN
#include <lakh/actions/registry.hpp>
#include <lakh/actions/run_load.hpp>
#include <lakh/async/run.hpp>
#include <lakh/http/app.hpp>
#include <lakh/load/yaml.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>

namespace http = lakh::http;

namespace {

constexpr const char* plan_text = R"(
name: orders
items: 2000
target: http://somewhere          # put in by the program
http:
  method: POST
  url: "{{target}}/orders"
  json: {reference: "{{run}}-{{item}}", sku: "TEA-{{int(1,80)|pad(4)}}"}
expect: {status: 201}
keep: {id: $.id}
key: auto
retry: {backoff: {first: 1ms, most: 20ms}}
users: 16
)";

struct new_order {
  std::string reference;
  std::string sku;
};
BOOST_DESCRIBE_STRUCT(new_order, (), (reference, sku))

struct order {
  std::int64_t id = 0;
  std::string reference;
};
BOOST_DESCRIBE_STRUCT(order, (), (id, reference))

// Knows an order again by its key.
struct warehouse {
  std::map<std::string, order> orders;
  std::int64_t asked = 0;

  http::created<order> take(const std::string& key, const std::string& reference) {
    const bool lose_the_answer = ++asked % 100 == 0;
    const order wanted{static_cast<std::int64_t>(orders.size()) + 1, reference};
    const order& stored = orders.try_emplace(key, wanted).first->second;
    if (stored.reference != reference) throw http::problem(422, "this key has another order");
    if (lose_the_answer) throw http::problem(503, "stored, but who is to know?");
    return http::created(stored, "/orders/" + std::to_string(stored.id));
  }
};

lakh::task<void> load(std::string target, std::filesystem::path folder) {
  lakh::actions::load_request request;
  request.the_plan = lakh::load::parse_plan(lakh::load::parse_yaml(plan_text, "orders"), lakh::actions::names());
  request.the_plan.target = target;
  request.runs = folder;

  lakh::actions::load_run run(std::move(request));
  co_await run.check_target();
  const auto report = co_await run.run(
      [](const lakh::load::run_progress& now) {
        std::printf("%llu settled, %.0f/s\n", static_cast<unsigned long long>(now.stats.settled()), now.rate);
      },
      std::chrono::milliseconds(100));
  std::printf("%s%llu attempts; the receipt's digest is %.12s…\n", report.result.text().c_str(),
              static_cast<unsigned long long>(report.run.stats.attempts), report.receipt_digest.c_str());
  if (!report.result.perfect()) throw std::runtime_error("not every order was confirmed");
}

lakh::task<void> demo(std::filesystem::path folder) {
  warehouse all;
  http::app app("Orders", "1.0");
  app.post("/orders", [&](const http::body<new_order>& wanted, http::header<"Idempotency-Key"> key) {
    return all.take(*key, wanted->reference);
  });
  co_await app.serve_while([&](std::string target) { return load(std::move(target), folder); });
  std::printf("the server was asked %lld times, and has %zu orders\n", static_cast<long long>(all.asked),
              all.orders.size());
  if (all.orders.size() != 2000) throw std::runtime_error("the counts differ");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) return lakh::run_main(demo(argv[1]));
  std::string made = (std::filesystem::temp_directory_path() / "lakh-example-XXXXXX").string();
  if (::mkdtemp(made.data()) == nullptr) return EXIT_FAILURE;
  const int code = lakh::run_main(demo(made));
  std::filesystem::remove_all(made);
  return code;
}
