// What a template costs: the body of an order, 12 expressions in some 300 bytes, as JSON.
#include <lakh/load/template.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <string>

namespace {

using namespace lakh::load;

constexpr std::string_view order =
    R"({"run":"{{run}}","reference":"{{run}}-{{item}}","customer":{"name":"{{customers.name}}","email":"{{customers.email}}"},)"
    R"("address":{"street":"{{customers.street}}","city":"{{customers.city}}","postcode":"{{customers.postcode}}",)"
    R"("country":"{{customers.country}}"},"lines":[{"sku":"{{pick(TEA-001,MUG-002,POT-003,CUP-004)}}","quantity":{{int(1,5)}}},)"
    R"({"sku":"{{pick(TEA-001,MUG-002,POT-003,CUP-004)}}","quantity":1}]})";

void render_order(benchmark::State& state) {
  const std::vector<std::string> columns = {"name", "email", "street", "city", "postcode", "country"};
  template_scope scope;
  scope.add_feed("customers", columns);
  const text_template compiled(order, text_format::json, scope, "order");
  const std::array<std::string_view, 6> cells = {
      "沈慧梅", "huimei.shen.1@example.net", "长江路970号梅园新村37号楼486室", "呼和浩特市", "010082", "CN"};
  render_input input;
  input.run = "2026-01-31-1200-abcd";
  input.cells = cells;
  const auto random = run_random(1, input.run);
  std::string out;
  for (auto _ : state) {
    out.clear();
    input.random = item_random(random, ++input.item);
    if (!compiled.render(input, out)) state.SkipWithError("not rendered");
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK(render_order);

void render_one(benchmark::State& state, std::string_view text) {
  template_scope scope;
  const text_template compiled(text, text_format::plain, scope, "one");
  render_input input;
  input.run = "run";
  std::string out;
  for (auto _ : state) {
    out.clear();
    input.random = item_random(1, ++input.item);
    if (!compiled.render(input, out)) state.SkipWithError("not rendered");
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK_CAPTURE(render_one, key, "{{run}}-{{item}}");
BENCHMARK_CAPTURE(render_one, uuid, "{{uuid}}");
BENCHMARK_CAPTURE(render_one, integer, "{{int(1,5)}}");
BENCHMARK_CAPTURE(render_one, sentence, "{{sentence}}");
BENCHMARK_CAPTURE(render_one, date, "{{date(2026-01-01,2026-12-31)}}");

}  // namespace
