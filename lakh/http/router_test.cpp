#include <lakh/core/error.hpp>
#include <lakh/http/router.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lakh::http {
namespace {

using wire::http_method;

// The route that a path leads to and what was captured, as "2 a,b"; "-" for no place, "?" for no such method.
std::string found(const router& r, std::string_view path, http_method method = http_method::get) {
  router::captures captures;
  const router::place* place = r.find(method, path, captures);
  if (place == nullptr) return "-";
  if (place->at(method) == router::none) return "?";
  std::string out = std::to_string(place->at(method));
  for (const std::string_view c : captures) {
    if (c.data() == nullptr) break;
    out += out.find(' ') == std::string::npos ? ' ' : ',';
    out += c;
  }
  return out;
}

struct entry {
  http_method method;
  std::string pattern;
};
// Each leads to its number.
router make(const std::vector<entry>& entries) {
  router r;
  for (std::size_t i = 0; i < entries.size(); ++i) r.add(entries[i].method, entries[i].pattern, i);
  return r;
}
router make(const std::vector<std::string>& patterns) {
  std::vector<entry> entries;
  for (const std::string& pattern : patterns) entries.push_back({http_method::get, pattern});
  return make(entries);
}

TEST(router, text_goes_before_a_name_and_a_name_before_the_rest) {
  const router r = make(std::vector<std::string>{"/", "/orders", "/orders/{id}", "/orders/new",
                                                 "/orders/{id}/lines/{line}", "/{all...}"});
  EXPECT_EQ(found(r, "/"), "0");
  EXPECT_EQ(found(r, "/orders"), "1");
  EXPECT_EQ(found(r, "/orders/17"), "2 17");
  EXPECT_EQ(found(r, "/orders/new"), "3");
  EXPECT_EQ(found(r, "/orders/17/lines/2"), "4 17,2");
  EXPECT_EQ(found(r, "/orders/17/lines"), "5 orders/17/lines");
  EXPECT_EQ(found(r, "/else/where/"), "5 else/where/");
}

TEST(router, a_choice_that_leads_nowhere_is_taken_back) {
  const router r = make(std::vector<std::string>{"/a/b/c", "/a/{x}/d", "/{y}/b/e", "/{z...}"});
  EXPECT_EQ(found(r, "/a/b/c"), "0");
  EXPECT_EQ(found(r, "/a/b/d"), "1 b");
  EXPECT_EQ(found(r, "/a/b/e"), "2 a");
  EXPECT_EQ(found(r, "/a/b/f"), "3 a/b/f");
}

TEST(router, a_place_without_the_method_gives_way_to_one_that_has_it) {
  const router r = make(std::vector<entry>{{http_method::post, "/orders/new"}, {http_method::get, "/orders/{id}"}});
  EXPECT_EQ(found(r, "/orders/new"), "1 new");
  EXPECT_EQ(found(r, "/orders/new", http_method::post), "0");
  EXPECT_EQ(found(r, "/orders/new", http_method::put), "?");
  EXPECT_EQ(found(r, "/orders/17", http_method::post), "?");
}

TEST(router, a_name_stands_for_exactly_one_segment_that_is_not_empty) {
  const router r = make(std::vector<std::string>{"/orders/{id}"});
  EXPECT_EQ(found(r, "/orders/"), "-");
  EXPECT_EQ(found(r, "/orders"), "-");
  EXPECT_EQ(found(r, "/orders/1/"), "-");
  EXPECT_EQ(found(r, "/orders/.."), "0 ..");
  EXPECT_EQ(found(r, "/orders/%2F"), "0 %2F");
  EXPECT_EQ(found(r, ""), "-");
  EXPECT_EQ(found(r, "*"), "-");
}

TEST(router, text_matches_however_it_is_encoded) {
  const router r = make(std::vector<std::string>{"/orders/list", "/caf\xc3\xa9"});
  EXPECT_EQ(found(r, "/%6Frders/l%69st"), "0");
  EXPECT_EQ(found(r, "/caf%C3%A9"), "1");
  EXPECT_EQ(found(r, "/orders%2Flist"), "-");
  EXPECT_EQ(found(r, "/orders/lis%7"), "-");
  EXPECT_EQ(found(r, "/orders/lis%zz"), "-");
}

TEST(router, many_children_are_found_as_well) {
  std::vector<std::string> patterns;
  for (std::size_t i = 0; i < 300; ++i) patterns.push_back("/p" + std::to_string(i * 7919 % 10007));
  const router r = make(patterns);
  for (std::size_t i = 0; i < patterns.size(); ++i) EXPECT_EQ(found(r, patterns[i]), std::to_string(i));
  EXPECT_EQ(found(r, "/p"), "-");
}

TEST(router, conflicts_are_refused_when_they_are_added) {
  router r = make(std::vector<std::string>{"/orders/{id}", "/files/{path...}"});
  EXPECT_THROW(r.add(http_method::get, "/orders/{other}", 9), input_error);
  EXPECT_THROW(r.add(http_method::get, "/files/{rest...}", 9), input_error);
  EXPECT_NO_THROW(r.add(http_method::post, "/orders/{other}", 9));
  EXPECT_NO_THROW(r.add(http_method::get, "/files/{name}", 9));
}

TEST(router, malformed_patterns_are_refused) {
  for (const char* pattern :
       {"", "orders", "/{", "/{}", "/a{id}", "/{id}b", "/{...}", "/{a...}/b", "/{a}/{a}", "/{a b}", "/a?b", "/a#b"})
    EXPECT_THROW(make(std::vector<std::string>{pattern}), input_error) << pattern;
}

TEST(router, allow_names_what_a_place_takes) {
  const router r =
      make(std::vector<entry>{{http_method::get, "/a"}, {http_method::delete_, "/a"}, {http_method::post, "/b"}});
  router::captures captures;
  EXPECT_EQ(r.find(http_method::get, "/a", captures)->allow, "GET, HEAD, DELETE, OPTIONS");
  EXPECT_EQ(r.find(http_method::get, "/b", captures)->allow, "POST, OPTIONS");
}

}  // namespace
}  // namespace lakh::http
