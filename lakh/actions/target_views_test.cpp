#include <lakh/actions/http_source.hpp>
#include <lakh/actions/json_entries.hpp>
#include <lakh/actions/registry.hpp>
#include <lakh/actions/target_views.hpp>
#include <lakh/core/error.hpp>
#include <lakh/load/yaml.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace lakh;
using namespace lakh::actions;
using testing::HasSubstr;

load::plan plan_with(const std::string& reconcile) {
  return load::parse_plan(
      load::parse_yaml("items: 5\ntarget: http://127.0.0.1:1\nhttp: {url: \"{{target}}/\"}\n" + reconcile, "plan.yaml"),
      names());
}

std::unique_ptr<load::target_view> view_of(const std::string& reconcile) {
  const load::plan p = plan_with(reconcile);
  const load::feed_set feeds;
  load::template_scope scope;
  load::declare(p, feeds, scope);
  return make_target_view(p, scope);
}

constexpr const char* listing = R"(reconcile:
  list:
    url: "{{target}}/orders?run={{run}}"
    entries: $.orders
    next: $.next
    cursor: cursor
    reference: $.reference
    item: "{{run}}-{{item}}"
    digest: $.digest
    headers: {Authorization: "Bearer {{env.HOME}}"}
)";

TEST(target_views, each_way_of_asking_compiles) {
  EXPECT_NE(view_of(listing), nullptr);
  EXPECT_NE(view_of("reconcile: {lookup: {url: \"{{target}}/{{run}}-{{item}}\"}}"), nullptr);
  EXPECT_NE(view_of("reconcile: {lookup: {url: \"{{target}}/{{item}}\", found: [200, 203], absent: 404, users: 3, "
                    "entries: $.a, reference: $.r, item: \"{{item}}\", digest: $.d, headers: {A: b}}}"),
            nullptr);
  EXPECT_NE(view_of("reconcile: {sql: {database: shop.db, query: SELECT 1, item: \"{{item}}\"}}"), nullptr);
  EXPECT_NE(view_of("reconcile: {sql: {database: \"postgresql://a:{{env.HOME}}@b/c\", query: SELECT 1, item: "
                    "\"{{item}}\"}}"),
            nullptr);
}

TEST(target_views, a_plan_that_does_not_say_is_refused) {
  EXPECT_THROW(view_of(""), input_error);
}

TEST(target_views, mistakes_are_told_with_their_place) {
  const std::string list = "url: \"{{target}}/\", entries: $.e, reference: $.r, item: \"{{item}}\"";
  const std::vector<std::pair<std::string, std::string>> all = {
      {"reconcile: {}", "exactly one of list, lookup and sql"},
      {"reconcile: {list: {" + list + "}, sql: {}}", "exactly one"},
      {"reconcile: {lists: {}}", "lists"},
      {"reconcile: {list: {}}", "url"},
      {"reconcile: {list: {" + list + ", pages: 3}}", "pages"},
      {"reconcile: {list: {" + list + ", cursor: c}}", "there is no `next`"},
      {"reconcile: {list: {" + list + ", next: next}}", "plan.yaml:4:"},
      {"reconcile: {list: {url: \"{{target}}/{{item}}\", entries: $.e, reference: $.r, item: \"{{item}}\"}}",
       "must be the same for every item"},
      {"reconcile: {list: {url: \"{{target}}/\", entries: $.e, reference: $.r, item: \"{{run}}\"}}",
       "a fixed text with {{item}} in it once"},
      {"reconcile: {lookup: {url: \"{{target}}/\"}}", "the same for every item"},
      {"reconcile: {lookup: {url: \"{{target}}/{{item}}\", found: 404}}", "both found and absent"},
      {"reconcile: {lookup: {url: \"{{target}}/{{item}}\", found: []}}", "names no status"},
      {"reconcile: {lookup: {url: \"{{target}}/{{item}}\", found: 99}}", "found"},
      {"reconcile: {lookup: {url: \"{{target}}/{{item}}\", users: 0}}", "users"},
      {"reconcile: {lookup: {url: \"{{target}}/{{item}}\", reference: $.r}}", "belong together"},
      {"reconcile: {sql: {database: \"postgresql://a:secret@b/c\", query: SELECT 1, item: \"{{item}}\"}}",
       "has a password in it"},
      {"reconcile: {sql: {database: \"postgresql://b/c?password=secret\", query: SELECT 1, item: \"{{item}}\"}}",
       "has a password in it"},
      {"reconcile: {sql: {database: \"{{item}}.db\", query: SELECT 1, item: \"{{item}}\"}}", "the same for every item"},
      {"reconcile: {sql: {database: a.db, item: \"{{item}}\"}}", "query"},
  };
  for (const auto& [reconcile, said] : all) {
    try {
      (void)view_of(reconcile);
      ADD_FAILURE() << reconcile;
    } catch (const input_error& e) {
      EXPECT_THAT(e.what(), HasSubstr(said)) << reconcile;
      EXPECT_THAT(e.what(), HasSubstr("plan.yaml:4")) << reconcile;
      EXPECT_THAT(e.what(), testing::Not(HasSubstr("secret"))) << reconcile;
      EXPECT_THAT(e.hint(), testing::Not(HasSubstr("secret"))) << reconcile;
    }
  }
}

json_fields fields_of(const std::string& mapping) {
  config_reader read(load::parse_yaml(mapping, "plan.yaml"), "f");
  return json_fields(read, "f");
}

std::vector<std::string> told(const std::string& document) {
  const json_fields fields = fields_of("{reference: $.r, digest: $.x.d}");
  std::vector<std::string> all;
  const std::size_t count =
      for_each_entry(document, json_path("$.a"), fields, "the listing", [&](const json_fields::values& one) {
        all.push_back(std::string(one.reference) + "/" + std::string(one.digest));
      });
  EXPECT_EQ(count, all.size());
  return all;
}

TEST(json_entries, are_read_where_they_lie) {
  EXPECT_EQ(told(R"({"a":[]})"), (std::vector<std::string>{}));
  EXPECT_EQ(told(R"({"a": [ {"r":"one","x":{"d":"ff"}} , {"r" : "two"},{"x":{"d":1e3},"r":7}, {"r":null}, 5, [] ]})"),
            (std::vector<std::string>{"one/ff", "two/", "7/1e3", "/", "/", "/"}));
  EXPECT_EQ(told(R"({"a":[{"r":"\u0041\n\"","x":{"d":"\u0066f"}},{"r":"\ud800"}]})"),
            (std::vector<std::string>{"A\n\"/ff", "/"}));
}

TEST(json_entries, what_is_no_list_is_refused) {
  for (const char* document : {"", "{", "[]", "null", R"({"a":5})", R"({"a":{}})", R"({"a":"[]"})", R"({"b":[]})",
                               R"({"a":[)", R"({"a":[1,]})", R"({"a":[1 2]})", R"({"a":[{"r":"x")"})
    EXPECT_THROW((void)told(document), protocol_error) << document;
}

TEST(json_entries, every_cut_of_a_page_is_refused) {
  const std::string page = R"({"a":[{"r":"one","x":{"d":"ff"}},{"r":"two","x":{"d":"\u0066"}}]})";
  for (std::size_t length = 0; length + 1 < page.size(); ++length)
    EXPECT_THROW((void)told(page.substr(0, length)), protocol_error) << length;
}

}  // namespace
