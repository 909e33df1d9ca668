#include <lakh/core/error.hpp>
#include <lakh/wire/url.hpp>

#include <gtest/gtest.h>

namespace lakh {
namespace {

using namespace std::string_view_literals;

TEST(url, all_parts_are_found) {
  const url u("HTTPS://me:pa:ss@Example.COM:8443/a/b;c?d=e?f#g?h");
  EXPECT_EQ(u.scheme(), "https");
  EXPECT_EQ(u.authority(), "me:pa:ss@example.com:8443");
  EXPECT_EQ(u.userinfo(), "me:pa:ss");
  EXPECT_EQ(u.user(), "me");
  EXPECT_EQ(u.password(), "pa:ss");
  EXPECT_EQ(u.host(), "example.com");
  EXPECT_EQ(u.port(), 8443);
  EXPECT_EQ(u.host_and_port(), "example.com:8443");
  EXPECT_EQ(u.path(), "/a/b;c");
  EXPECT_EQ(u.query(), "d=e?f");
  EXPECT_EQ(u.fragment(), "g?h");
  EXPECT_EQ(u.target(), "/a/b;c?d=e?f");
  EXPECT_EQ(u.origin(), "https://example.com:8443");
  EXPECT_EQ(u.text(), "https://me:pa:ss@example.com:8443/a/b;c?d=e?f#g?h");
}

TEST(url, parts_that_are_not_there_are_empty) {
  const url u("http://a");
  EXPECT_EQ(u.userinfo(), "");
  EXPECT_EQ(u.port(), std::nullopt);
  EXPECT_EQ(u.effective_port(), 80);
  EXPECT_EQ(u.path(), "");
  EXPECT_FALSE(u.has_query());
  EXPECT_FALSE(u.has_fragment());
  EXPECT_EQ(u.target(), "/");
  EXPECT_TRUE(url("http://a?").has_query());
  EXPECT_TRUE(url("http://a#").has_fragment());
  EXPECT_EQ(url("http://a?").query(), "");
  EXPECT_EQ(url("http://a:/").port(), std::nullopt);
  EXPECT_EQ(url("http://@a/").host(), "a");
}

TEST(url, an_ipv6_address_loses_its_brackets) {
  const url u("http://[2001:DB8::1]:8080/");
  EXPECT_EQ(u.host(), "2001:db8::1");
  EXPECT_TRUE(u.host_is_ipv6());
  EXPECT_EQ(u.port(), 8080);
  EXPECT_EQ(u.host_and_port(), "[2001:db8::1]:8080");
  EXPECT_EQ(u.origin(), "http://[2001:db8::1]:8080");
}

TEST(url, other_schemes_and_relative_references_are_urls_too) {
  EXPECT_EQ(url("mailto:a@b").path(), "a@b");
  EXPECT_EQ(url("file:///etc/hosts").path(), "/etc/hosts");
  EXPECT_TRUE(url("file:///etc/hosts").has_authority());
  EXPECT_EQ(url("../a?b").path(), "../a");
  EXPECT_EQ(url("//a/b").host(), "a");
  EXPECT_EQ(url("").text(), "");
  EXPECT_EQ(url("wss://a/").effective_port(), 443);
}

struct bad_url {
  std::string_view text;
  std::size_t position;
};

TEST(url, what_is_wrong_is_refused_at_its_position) {
  for (const bad_url& bad : {bad_url{"http://a b/", 8},
                             {"http://a/\n", 9},
                             {"http://a/\x7f", 9},
                             {"http://a/\xc3\xa9", 9},
                             {"http://a/b\0"sv, 10},
                             {"http://a/{x}", 9},
                             {"http://a/%4", 9},
                             {"http://a/%zz", 9},
                             {"http://a:65536/", 9},
                             {"http://a:x/", 9},
                             {"http://a:1:2/", 9},
                             {"http://[::1/", 7},
                             {"http://[::g]/", 8},
                             {"http://[::1]x/", 12},
                             {"http://[127.0.0.1]/", 8},
                             {"http://a@b@c/", 10},
                             {"http://a]b/", 8},
                             {"http:///x", 7},
                             {"http://:80/", 7},
                             {"http://me@/", 10},
                             {"http:/x", 5},
                             {"http:", 5},
                             {"127.0.0.1:8080/x", 0},
                             {":x", 0},
                             {"http://a/#b#c", 11}}) {
    const auto parsed = url::try_parse(bad.text);
    ASSERT_FALSE(parsed) << bad.text;
    EXPECT_EQ(parsed.error().position, bad.position) << bad.text << ": " << parsed.error().message;
  }
}

TEST(url, the_exception_shows_the_url_the_place_and_the_remedy) {
  try {
    url u("http://a\x1b[0m b/");
    FAIL();
  } catch (const input_error& e) {
    EXPECT_STREQ(e.what(), "the URL \"http://a%1B[0m%20b/\" is wrong at character 9: there is a control character");
    EXPECT_NE(e.hint(), "");
  }
}

// RFC 3986 §5.4, all of it.
TEST(url, references_resolve_as_in_the_examples_of_the_rfc) {
  const url base("http://a/b/c/d;p?q");
  for (const auto& [reference, expected] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"g:h", "g:h"},
           {"g", "http://a/b/c/g"},
           {"./g", "http://a/b/c/g"},
           {"g/", "http://a/b/c/g/"},
           {"/g", "http://a/g"},
           {"//g", "http://g"},
           {"?y", "http://a/b/c/d;p?y"},
           {"g?y", "http://a/b/c/g?y"},
           {"#s", "http://a/b/c/d;p?q#s"},
           {"g#s", "http://a/b/c/g#s"},
           {"g?y#s", "http://a/b/c/g?y#s"},
           {";x", "http://a/b/c/;x"},
           {"g;x", "http://a/b/c/g;x"},
           {"g;x?y#s", "http://a/b/c/g;x?y#s"},
           {"", "http://a/b/c/d;p?q"},
           {".", "http://a/b/c/"},
           {"./", "http://a/b/c/"},
           {"..", "http://a/b/"},
           {"../", "http://a/b/"},
           {"../g", "http://a/b/g"},
           {"../..", "http://a/"},
           {"../../", "http://a/"},
           {"../../g", "http://a/g"},
           {"../../../g", "http://a/g"},
           {"../../../../g", "http://a/g"},
           {"/./g", "http://a/g"},
           {"/../g", "http://a/g"},
           {"g.", "http://a/b/c/g."},
           {".g", "http://a/b/c/.g"},
           {"g..", "http://a/b/c/g.."},
           {"..g", "http://a/b/c/..g"},
           {"./../g", "http://a/b/g"},
           {"./g/.", "http://a/b/c/g/"},
           {"g/./h", "http://a/b/c/g/h"},
           {"g/../h", "http://a/b/c/h"},
           {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
           {"g;x=1/../y", "http://a/b/c/y"},
           {"g?y/./x", "http://a/b/c/g?y/./x"},
           {"g?y/../x", "http://a/b/c/g?y/../x"},
           {"g#s/./x", "http://a/b/c/g#s/./x"},
           {"g#s/../x", "http://a/b/c/g#s/../x"},
           {"http:g", "http:g"},
       })
    EXPECT_EQ(base.join(reference).text(), expected) << reference;
}

TEST(url, joining_keeps_the_parts_apart) {
  EXPECT_EQ(url("http://me@a:81").join("x").text(), "http://me@a:81/x");
  EXPECT_EQ(url("http://@a/").join("x").text(), "http://@a/x");
  EXPECT_EQ(url("x:/b/c").join("/.//d").path(), "/.//d");  // not an authority
  EXPECT_EQ(url("b/c").join("./d:e").text(), "b/d:e");
  EXPECT_EQ(url("c").join("./d:e").text(), "./d:e");  // not a scheme
  EXPECT_FALSE(url("http://a/").try_join("b c"));
  EXPECT_FALSE(url("http:g").try_join("/x"));
  EXPECT_THROW((void)url("http://a/").join("http://"), input_error);
}

TEST(url, a_query_can_be_replaced) {
  EXPECT_EQ(url("http://a/b?c#d").with_query("e=f").text(), "http://a/b?e=f#d");
  EXPECT_EQ(url("http://a/b?c#d").with_query("").text(), "http://a/b#d");
  EXPECT_EQ(url("http://a").with_query("e").target(), "/?e");
  EXPECT_EQ(url("http://a/b?c#d").without_fragment().text(), "http://a/b?c");
}

TEST(url, origins_are_compared_with_default_ports) {
  EXPECT_TRUE(same_origin(url("http://A/x"), url("HTTP://a:80/y")));
  EXPECT_FALSE(same_origin(url("http://a"), url("https://a")));
  EXPECT_FALSE(same_origin(url("http://a"), url("http://a:81")));
  EXPECT_FALSE(same_origin(url("http://a"), url("http://b")));
  EXPECT_FALSE(same_origin(url("x"), url("x")));
}

TEST(url, a_copy_and_a_moved_url_are_whole) {
  url a("http://example.com/with/a/long/path?and=query");
  const url b = a;
  const url c = std::move(a);
  EXPECT_EQ(b, c);
  EXPECT_EQ(c.host(), "example.com");
}

}  // namespace
}  // namespace lakh
