#include <lakh/core/text.hpp>
#include <lakh/load/template.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <thread>

namespace {

using namespace std::string_view_literals;
using lakh::config;
using lakh::input_place;
using lakh::load::render_input;
using lakh::load::render_status;
using lakh::load::template_error;
using lakh::load::template_scope;
using lakh::load::text_format;
using lakh::load::text_template;
using lakh::load::value_type;

// A feed `customers` with name and email, `products` with one column that has a space; a step `create` that kept an id.
class template_text : public testing::Test {
 protected:
  template_text() {
    scope.set_environment([](std::string_view name) -> std::optional<std::string> {
      if (name == "TOKEN") return "s3cret";
      if (name == "BAD") return "a\r\nX-Evil: 1";
      return std::nullopt;
    });
    scope.set_target("http://shop.test:8080/v1");
    scope.add_feed("customers", columns);
    scope.add_feed("products", other_columns);
    scope.add_value("qty", "{{int(1,5)}}");
    scope.add_value("greeting", "Dear {{customers.name}}, {{qty}}");
    scope.add_kept("create", "id");
    scope.add_kept("create", "none");
    cells = {"Zoë \"Zed\" O'Brien\n", "zoe@example.net", "42"};
    kept = {"ord/1", {}};
  }

  [[nodiscard]] render_input input(std::uint64_t item = 7) const {
    render_input in;
    in.run = "run-1";
    in.item = item;
    in.random = lakh::load::item_random(lakh::load::run_random(1, "run-1"), item);
    in.start = std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000));
    in.cells = cells;
    in.kept = kept;
    return in;
  }

  std::string rendered(std::string_view text, text_format format = text_format::plain, std::uint64_t item = 7) {
    std::string out;
    const text_template compiled(text, format, scope, "test");
    const auto result = compiled.render(input(item), out);
    return result ? out : "<" + std::string(name(result.status)) + ">";
  }

  std::pair<std::string, std::string> complaint(std::string_view text, text_format format = text_format::plain) {
    try {
      const text_template compiled(text, format, scope, "test", input_place("p.yaml", 3, 10));
    } catch (const template_error& e) {
      return {e.what(), e.hint()};
    }
    return {"nothing was thrown", ""};
  }

  const std::vector<std::string> columns = {"name", "email"};
  const std::vector<std::string> other_columns = {"unit price"};
  template_scope scope;
  std::array<std::string_view, 3> cells;
  std::array<std::string_view, 2> kept;
};

TEST_F(template_text, values_are_put_in_place) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", ""},
      {"plain } text {", "plain } text {"},
      {"{{run}}-{{item}}", "run-1-7"},
      {"{{ item }}", "7"},
      {"{{customers.email}}", "zoe@example.net"},
      {"{{products.'unit price'}}", "42"},
      {"{{create.id}}", "ord/1"},
      {"{{target}}/orders", "http://shop.test:8080/v1/orders"},
      {"{{env.TOKEN}}", "s3cret"},
      {"{{\"{{\"}}x}}", "{{x}}"},
      {"{{date}} {{time}} {{datetime}} {{timestamp}}", "2023-11-14 22:13:20 2023-11-14T22:13:20Z 1700000000"},
      {"{{int(3,3)}}", "3"},
      {"{{float(1,1,3)}}", "1.000"},
      {"{{pick(\"a, b\")}}", "a, b"},
      {"{{pick('it\\'s')}}", "it's"},
      {"{{chance(1)}} {{chance(0%)}}", "true false"},
      {"{{date(2026-01-31,2026-01-31)}}", "2026-01-31"},
      {"{{create.none}}", "<nothing_kept>"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(rendered(text), expected) << text;
}

TEST_F(template_text, filters_are_applied_in_order) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"{{customers.email|upper}}", "ZOE@EXAMPLE.NET"},
      {"{{customers.name|trim|lower}}", "zoë \"zed\" o'brien"},
      {"{{\"  a b \"|trim}}", "a b"},
      {"{{\"   \"|trim}}", ""},
      {"x{{\"\"|trim}}", "x"},
      {"{{item|pad(4)}}", "0007"},
      {"{{\"Zoë\"|pad(5,\" \")}}", "  Zoë"},
      {"{{\"a/b c\"|url}}", "a%2Fb%20c"},
      {"{{\"a/b c\"|path}}", "a/b%20c"},
      {"{{\"foobar\"|base64}}", "Zm9vYmFy"},
      {"{{customers.name|json}}", "\"Zoë \\\"Zed\\\" O'Brien\\n\""},
      {"{{item|json}}", "7"},
      {"{{products.'unit price'|number}}", "42"},
      {"{{customers.email|number}}", "<not_a_number>"},
      {"{{customers.email|raw}}", "<not_json>"},
      {"{{\"[1, 2]\"|raw}}", "[1, 2]"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(rendered(text), expected) << text;
}

TEST_F(template_text, a_retry_renders_the_same_bytes) {
  const std::string text =
      "{{uuid}} {{int(1,1000000)}} {{float(0,1,6)}} {{pick(a,b,c,d)}} {{hex(16)}} {{letters(8)}} {{digits(6)}} "
      "{{word}} "
      "{{words(3,8)}} {{sentence}} {{name}} {{date(2000-01-01,2026-12-31)}} {{datetime(2000-01-01,2026-12-31)}} "
      "{{chance(50%)}}";
  EXPECT_EQ(rendered(text), rendered(text));
  std::set<std::string> seen;
  for (std::uint64_t item = 0; item < 1000; ++item)
    EXPECT_TRUE(seen.insert(rendered(text, text_format::plain, item)).second);
}

TEST_F(template_text, two_expressions_draw_apart_and_a_named_value_is_one) {
  const auto twice = rendered("{{uuid}} {{uuid}}");
  EXPECT_NE(twice.substr(0, 36), twice.substr(37));
  std::set<std::string> seen;
  for (std::uint64_t item = 0; item < 50; ++item) {
    const auto pair = rendered("{{qty}} {{qty}}", text_format::plain, item);
    EXPECT_EQ(pair[0], pair[2]);
    seen.insert(pair);
  }
  EXPECT_EQ(seen.size(), 5U);
}

TEST_F(template_text, labels_and_runs_and_seeds_give_other_values) {
  const auto draw = [&](std::string_view label, std::uint64_t seed, std::string_view run) {
    auto in = input();
    in.random = lakh::load::item_random(lakh::load::run_random(seed, run), 7);
    std::string out;
    EXPECT_TRUE(text_template("{{uuid}}", text_format::plain, scope, label).render(in, out));
    return out;
  };
  EXPECT_EQ(draw("a", 1, "r"), draw("a", 1, "r"));
  EXPECT_NE(draw("a", 1, "r"), draw("b", 1, "r"));
  EXPECT_NE(draw("a", 1, "r"), draw("a", 2, "r"));
  EXPECT_NE(draw("a", 1, "r"), draw("a", 1, "s"));
}

TEST_F(template_text, json_text_cannot_be_broken_out_of) {
  EXPECT_EQ(
      rendered(R"({"n":"{{customers.name}}","i":{{item}},"q":{{qty}},"s":{{customers.email}},"g":{"a":{{item}}}})",
               text_format::json),
      R"({"n":"Zoë \"Zed\" O'Brien\n","i":7,"q":)" + rendered("{{qty}}") + R"(,"s":"zoe@example.net","g":{"a":7}})");
  EXPECT_EQ(rendered(R"({"k":"{{pick("say \"hi\"")}}","p":{{pick("a\\b")}},"n":{{pick(5)}},"e":"\"{{item}}\""})",
                     text_format::json),
            R"({"k":"say \"hi\"","p":"a\\b","n":5,"e":"\"7\""})");
  // Quotation marks as strict JSON wants them inside a string.
  EXPECT_EQ(rendered(R"({"k":"{{pick(\"a b\")}}"})", text_format::json), R"({"k":"a b"})");
  EXPECT_EQ(
      rendered(
          R"([{{products.'unit price'|number}},{{"{\"a\":1}"|raw}},{{item|string}},"{{chance(1)}}",{{chance(1)}}])",
          text_format::json),
      R"([42,{"a":1},"7","true",true])");
  EXPECT_EQ(rendered(R"(["{{greeting}}"])", text_format::json),
            "[\"Dear Zoë \\\"Zed\\\" O'Brien\\n, " + rendered("{{qty}}") + "\"]");
  kept[0] = "\xff";
  EXPECT_EQ(rendered(R"(["{{create.id}}"])", text_format::json), "<bad_encoding>");
}

TEST_F(template_text, whatever_a_cell_holds_the_json_is_sound) {
  const text_template compiled(
      R"({"a":"{{customers.name}}","b":{{customers.email}},"c":"{{customers.name|upper|trim}}","{{customers.name}}":1})",
      text_format::json, scope, "x");
  for (const std::string_view hostile :
       {"\"", "\\", "\\\"", "\",\"admin\":true,\"x\":\"", "}}", "{{item}}", "\t\r\n", "\x01", "", "\\u0041"}) {
    cells = {hostile, hostile, hostile};
    std::string out;
    ASSERT_TRUE(compiled.render(input(), out));
    const auto parsed = boost::json::parse(out);
    EXPECT_EQ(parsed.at("a").as_string(), hostile);
    EXPECT_EQ(parsed.at("b").as_string(), hostile);
    EXPECT_EQ(parsed.as_object().size(), 4U);
  }
}

TEST_F(template_text, urls_encode_all_but_their_start) {
  cells[0] = "a/b c?&#é";
  EXPECT_EQ(rendered("{{target}}/c/{{customers.name}}?q={{customers.name|path}}", text_format::url),
            "http://shop.test:8080/v1/c/a%2Fb%20c%3F%26%23%C3%A9?q=a/b%20c%3F%26%23%C3%A9");
  EXPECT_EQ(rendered("/é/{{create.id}}/{{time}}", text_format::url), "/%C3%A9/ord%2F1/22%3A13%3A20");
  cells[0] = "http://x/y z";
  EXPECT_EQ(rendered("{{customers.name}}", text_format::url), "<control_character>");
  cells[0] = "http://x/é?a=b";
  EXPECT_EQ(rendered("{{customers.name}}", text_format::url), "http://x/%C3%A9?a=b");
}

TEST_F(template_text, headers_refuse_what_would_split_them) {
  for (const auto bad : {"a\r\nX: 1"sv, "a\nb"sv, "a\0b"sv, "a\x7f"sv}) {
    cells[0] = bad;
    EXPECT_EQ(rendered("Bearer {{customers.name}}", text_format::header), "<control_character>");
    EXPECT_EQ(rendered("{{customers.name|upper}}", text_format::header), "<control_character>");
  }
  cells[0] = "ok\tä";
  EXPECT_EQ(rendered("{{customers.name}}", text_format::header), "ok\tä");
  EXPECT_NE(complaint("{{env.BAD}}", text_format::header).first.find("control character"), std::string::npos);
  EXPECT_NE(complaint("a\nb", text_format::header).first.find("p.yaml:3:11"), std::string::npos);
}

TEST_F(template_text, a_failed_rendering_leaves_no_trace) {
  std::string out = "before";
  const text_template compiled("{{item}} {{uuid}} {{create.none}}", text_format::plain, scope, "x");
  const auto result = compiled.render(input(), out);
  EXPECT_FALSE(result);
  EXPECT_EQ(result.status, render_status::nothing_kept);
  EXPECT_EQ(out, "before");
  EXPECT_EQ(compiled.explain(result), "{{create.none}} was not kept: the answer did not have it");
}

TEST_F(template_text, mistakes_are_placed_and_near_names_offered) {
  struct {
    std::string_view text;
    std::string_view what;
    std::string_view hint;
  } const table[] = {
      {"{{itm}}", "p.yaml:3:12: unknown value 'itm'", "did you mean 'item'?"},
      {"é {{custmers.name}}", "p.yaml:3:14: there is no feed or earlier step 'custmers'",
       "did you mean 'customers.name'?"},
      {"{{customers.nmae}}", "p.yaml:3:12: feed 'customers' has no column 'nmae'", "did you mean 'name'?"},
      {"{{customers.zzz}}", "p.yaml:3:12: feed 'customers' has no column 'zzz'", "its columns are 'name' and 'email'"},
      {"{{customers}}", "p.yaml:3:12: 'customers' is a feed: which of its columns?",
       "{{customers.name}}; its columns are 'name' and 'email'"},
      {"{{create.ID2}}", "p.yaml:3:12: step 'create' keeps no 'ID2'", "did you mean 'id'?"},
      {"{{env.NOPE}}", "p.yaml:3:12: the environment variable NOPE is not set", "set it: export NOPE=…"},
      {"{{int(1)}}", "p.yaml:3:12: 'int' does not take 1 argument", "write int(1,5)"},
      {"{{int(5,1)}}", "p.yaml:3:12: the first bound is greater than the second", "write int(1,5)"},
      {"{{int(a,5)}}", "p.yaml:3:16: 'a' is not a whole number from -9223372036854775808 to 9223372036854775807", ""},
      {"{{float(0.001,1,2)}}", "p.yaml:3:18: '0.001' has more than 2 decimals", ""},
      {"{{chance(2)}}", "p.yaml:3:19: '2' is not a chance from 0 to 1, or from 0% to 100%", ""},
      {"{{date(2026-02-30,2026-03-01)}}", "p.yaml:3:17: '2026-02-30' is not a date", "write it as 2026-01-31"},
      {"{{hex(5000)}}", "p.yaml:3:16: '5000' is not a whole number from 0 to 4096", ""},
      {"{{item|uper}}", "p.yaml:3:17: unknown filter 'uper'", "did you mean 'upper'?"},
      {"{{item|pad}}", "p.yaml:3:17: 'pad' does not take 0 arguments", "write pad(8), or pad(8,\" \") for spaces"},
      {"{{itemm(3)}}", "p.yaml:3:12: unknown function 'itemm'", "did you mean 'item'?"},
      {"ab{{item", "p.yaml:3:12: '{{' is not closed by '}}'", ""},
      {"{{pick(a,}}", "p.yaml:3:19: an argument is missing", "an empty text is written \"\""},
      {"{{pick(\"a)}}", "p.yaml:3:17: the quotation mark is not closed", ""},
      {"{{}}", "p.yaml:3:12: a name is missing", ""},
      {"{{\"a\\q\"}}", "p.yaml:3:14: unknown escape", "in quotation marks: \\\\ \\\" \\' \\n \\t"},
  };
  for (const auto& row : table) {
    const auto [what, hint] = complaint(row.text);
    EXPECT_EQ(what, row.what) << row.text;
    EXPECT_EQ(hint, row.hint) << row.text;
  }
  EXPECT_EQ(complaint("a\xff{{item}}").first, "p.yaml:3:11: the text is not UTF-8 here");
  EXPECT_EQ(complaint("line\n  {{itm}}").first, "p.yaml:4:5: unknown value 'itm'");
}

TEST_F(template_text, broken_json_is_found_before_anything_is_sent) {
  struct {
    std::string_view text;
    std::string_view what;
  } const table[] = {
      {"", "p.yaml:3:10: the JSON ends too early"},
      {"{\"a\":{{item}}", "p.yaml:3:23: the JSON ends too early"},
      {"{\"a\":{{item}},}", "p.yaml:3:24: this is not JSON"},
      {"{{{item}}: 1}", "p.yaml:3:12: "},
      {"{\"a\": tru}", "p.yaml:3:16: this is not JSON"},
      {"[{{item}} {{item}}]", "p.yaml:3:20: this is not JSON"},
      {"[\"{{item}}]", "p.yaml:3:21: the JSON ends too early"},
  };
  for (const auto& row : table)
    EXPECT_EQ(complaint(row.text, text_format::json).first.substr(0, row.what.size()), row.what) << row.text;
  EXPECT_NE(complaint(std::string(100, '['), text_format::json).first.find("nested too deeply"), std::string::npos);
}

config quoted(std::string text) {
  return config::scalar(std::move(text), config::style::quoted);
}
config plain(std::string text) {
  return config::scalar(std::move(text), config::style::plain);
}

TEST_F(template_text, a_tree_becomes_json_with_types_kept) {
  const auto tree = config::mapping({
      {"sku", quoted("{{pick(\"SKU 1\")}}")},
      {"quantity", quoted("{{int(2,2)}}")},
      {"text", quoted("{{item|string}}")},
      {"mixed", quoted("n{{item}}\"")},
      {"price", quoted("{{products.'unit price'|number}}")},
      {"gift", quoted("{{chance(1)}}")},
      {"five", plain("5")},
      {"quoted", quoted("5")},
      {"yes", plain("true")},
      {"none", config::null()},
      {"who", quoted("{{customers.name}}")},
      {"named", quoted("{{qty}}")},
      {"key {{item}}", config::sequence({plain("a"), config::mapping({})})},
  });
  std::string out;
  ASSERT_TRUE(text_template::json_from(tree, scope, "body").render(input(), out));
  const auto parsed = boost::json::parse(out);
  EXPECT_EQ(
      out.substr(0, out.find(",\"named\"")),
      R"({"sku":"SKU 1","quantity":2,"text":"7","mixed":"n7\"","price":42,"gift":true,"five":5,"quoted":"5","yes":true,)"
      R"("none":null,"who":"Zoë \"Zed\" O'Brien\n")");
  EXPECT_TRUE(parsed.at("named").is_int64());
  EXPECT_EQ(boost::json::serialize(parsed.at("key 7")), R"(["a",{}])");
}

TEST_F(template_text, forms_are_encoded) {
  const auto form = config::mapping({{"a b", quoted("{{customers.name}}")},
                                     {"n", plain("{{item}}")},
                                     {"l", config::sequence({quoted("x&y"), quoted("z")})},
                                     {"e", config::null()}});
  std::string out;
  ASSERT_TRUE(text_template::form_from(form, scope, "form").render(input(), out));
  EXPECT_EQ(out, "a+b=Zo%C3%AB+%22Zed%22+O%27Brien%0A&n=7&l=x%26y&l=z&e=");
}

TEST_F(template_text, what_a_template_depends_on_is_known) {
  const auto of = [&](std::string_view text) { return text_template(text, text_format::plain, scope, "x"); };
  EXPECT_TRUE(of("abc {{target}} {{env.TOKEN}}").constant());
  EXPECT_EQ(of("abc {{\"d\"|upper}}").constant_text(), "abc D");
  EXPECT_TRUE(of("{{run}} {{date}}").same_for_every_item());
  EXPECT_FALSE(of("{{run}}").constant());
  EXPECT_FALSE(of("{{item}}").same_for_every_item());
  EXPECT_FALSE(of("{{uuid}}").same_for_every_item());
  EXPECT_FALSE(of("{{create.id}}").same_for_every_item());
  EXPECT_TRUE(of("{{create.id}}").uses_kept());
  EXPECT_EQ(of("{{products.'unit price'}} {{greeting}}").cells(), (std::vector<std::uint32_t>{0, 2}));
  EXPECT_EQ(of("{{item}}").type(), value_type::number);
  EXPECT_EQ(of("{{item}} ").type(), value_type::text);
  EXPECT_EQ(of("{{qty}}").type(), value_type::number);
  EXPECT_EQ(of("{{pick(1,2.5)}}").type(), value_type::number);
  EXPECT_EQ(of("{{pick(1,\"2\")}}").type(), value_type::text);
  EXPECT_TRUE(text_template().empty());
}

TEST_F(template_text, names_cannot_be_taken_twice_or_hide_functions) {
  EXPECT_THROW(scope.add_value("uuid", "x"), lakh::input_error);
  EXPECT_THROW(scope.add_value("qty", "x"), lakh::input_error);
  EXPECT_THROW(scope.add_value("customers", "x"), lakh::input_error);
  EXPECT_THROW(scope.add_value("a b", "x"), lakh::input_error);
  EXPECT_THROW(scope.add_feed("customers", columns), lakh::input_error);
  EXPECT_THROW(scope.add_kept("customers", "id"), lakh::input_error);
  EXPECT_THROW(scope.add_kept("create", "id"), lakh::input_error);
  EXPECT_THROW(scope.add_value("later", "{{later}}"), template_error);  // only what came before
}

TEST_F(template_text, named_values_that_multiply_are_stopped) {
  scope.add_value("v0", "{{item}}{{item}}");
  const auto grow = [&] {
    for (int i = 1; i < 40; ++i) {
      const std::string before = "{{v" + std::to_string(i - 1) + "}}";
      scope.add_value("v" + std::to_string(i), before + before);
    }
  };
  EXPECT_THROW(grow(), template_error);
}

TEST_F(template_text, threads_may_share_one_template) {
  const text_template compiled("{{uuid}} {{greeting}} {{words(3,8)|upper}} {{item}}", text_format::plain, scope, "x");
  std::string expected[64];
  for (std::uint64_t i = 0; i < 64; ++i) ASSERT_TRUE(compiled.render(input(i), expected[i]));
  std::vector<std::thread> threads;
  std::array<int, 4> wrong{};
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::string out;
      for (std::uint64_t i = 0; i < 64; ++i) {
        out.clear();
        if (!compiled.render(input(i), out) || out != expected[i]) ++wrong[t];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, (std::array<int, 4>{}));
}

}  // namespace
