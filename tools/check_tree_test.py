#!/usr/bin/python3
"""Tests of tools/check_tree: each rule finds its fault, and leaves the honest neighbour alone."""

import importlib.machinery
import importlib.util
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
LOADER = importlib.machinery.SourceFileLoader("check_tree", str(HERE / "check_tree"))
check_tree = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_tree", LOADER))
sys.modules["check_tree"] = check_tree
LOADER.exec_module(check_tree)

TABLE = """# Architecture
## The house
| folder | holds | may include | libraries |
|---|---|---|---|
| `base` | basics | – | fmt; Asio awaitables (`task.hpp` only); spdlog (`log.cpp` only); libcrypto (`crypto.cpp` only) |
| `domain` | values | `base` (nothing that reaches Boost) | none |
| `ports` | interfaces | `base`, `domain` | none |
| `net` | plumbing | `base` | Asio; Beast; OpenSSL; libcurl |
| `recording` | recordings | `base`, `domain`, `ports` | Boost.JSON (`*_json.cpp` only) |
| `acs` | an adapter | `base`, `domain`, `ports`, `net` | Boost.JSON; cjose |
| `store` | an adapter | `base`, `domain`, `ports` | SOCI |
| `cli` | verbs | `base`, `net`, `recording/manifest*` | CLI11 |
| `app` | main | `base`, `net`, `acs`, `store`, `recording` | CLI11 |
| `simulator` | stand-in | `base`, `net` | Boost.JSON |
Unit tests may also include `net` and `store`.
## Next
| `nonsense` | not of the house | `all` | whatever |
"""

HEADER = "#pragma once\n"


class CheckTree(unittest.TestCase):
    def faults(self, files, table=TABLE):
        with tempfile.TemporaryDirectory() as folder:
            everything = {"ARCHITECTURE.md": table, **files}
            for name in {path.split("/")[1] for path in files if path.startswith("src/")}:
                everything.setdefault(f"src/{name}/CMakeLists.txt", f"earshot_module({name})\n")
            for path, text in everything.items():
                target = Path(folder) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            return check_tree.check(folder).faults

    def assert_clean(self, files):
        self.assertEqual([str(fault) for fault in self.faults(files)], [])

    def assert_fault(self, files, rule, path, line, says=""):
        faults = self.faults(files)
        found = [fault for fault in faults if (fault.rule, fault.path, fault.line) == (rule, path, line)]
        self.assertTrue(found, f"no {rule} at {path}:{line} among {[str(fault) for fault in faults]}")
        self.assertIn(says, str(found[0]))
        self.assertIn("Instead: ", str(found[0]))

    # Arrows

    def test_an_allowed_arrow_passes(self):
        self.assert_clean({"src/base/a.hpp": HEADER, "src/domain/b.cpp": '#include "base/a.hpp"\n'})

    def test_a_wrong_arrow_is_found(self):
        self.assert_fault({"src/store/a.hpp": HEADER, "src/acs/b.cpp": '\n#include "store/a.hpp"\n'},
                          "arrow", "src/acs/b.cpp", 2, "acs may not include store")

    def test_an_include_in_a_comment_is_no_arrow(self):
        self.assert_clean({"src/store/a.hpp": HEADER, "src/acs/b.cpp": '// #include "store/a.hpp"\n'})

    def test_a_pattern_opens_some_headers_of_a_folder_only(self):
        files = {"src/recording/manifest.hpp": HEADER, "src/recording/merge.hpp": HEADER}
        self.assert_clean({**files, "src/cli/verify.cpp": '#include "recording/manifest.hpp"\n'})
        self.assert_fault({**files, "src/cli/verify.cpp": '#include "recording/merge.hpp"\n'},
                          "arrow", "src/cli/verify.cpp", 1)

    def test_a_unit_test_may_use_the_named_fakes_and_no_others(self):
        files = {"src/store/memory_store.hpp": HEADER, "src/acs/client.hpp": HEADER}
        self.assert_clean({**files, "src/domain/a_test.cpp": '#include "store/memory_store.hpp"\n'})
        self.assert_fault({**files, "src/domain/a_test.cpp": '#include "acs/client.hpp"\n'},
                          "arrow", "src/domain/a_test.cpp", 1)

    def test_a_unit_test_may_run_a_contract_and_the_product_may_not(self):
        files = {"tests/contract/blob.hpp": HEADER}
        self.assert_clean({**files, "src/store/a_test.cpp": '#include "tests/contract/blob.hpp"\n'})
        self.assert_fault({**files, "src/store/a.cpp": '#include "tests/contract/blob.hpp"\n'},
                          "include-root", "src/store/a.cpp", 1)

    def test_what_is_for_tests_stays_with_tests(self):
        files = {"src/store/rows.hpp": HEADER,
                 "src/domain/testing/call.hpp": HEADER + '#include "store/rows.hpp"\n#include <doctest/doctest.h>\n'}
        self.assert_clean({**files, "src/domain/a_test.cpp": '#include "domain/testing/call.hpp"\n'})
        self.assert_fault({**files, "src/domain/a.cpp": '#include "domain/testing/call.hpp"\n'},
                          "testing", "src/domain/a.cpp", 1)

    def test_a_folder_outside_the_table_is_found(self):
        self.assert_fault({"src/utils/a.hpp": HEADER}, "unknown-folder", "src/utils/a.hpp", 1)

    def test_an_include_not_written_from_the_root_is_found(self):
        files = {"src/base/a.hpp": HEADER}
        self.assert_fault({**files, "src/base/a.cpp": '#include "a.hpp"\n'}, "include-root", "src/base/a.cpp", 1)
        self.assert_fault({**files, "src/net/b.cpp": '#include "../base/a.hpp"\n'}, "include-root", "src/net/b.cpp", 1)

    def test_detail_is_private(self):
        files = {"src/net/detail/a.hpp": HEADER, "src/acs/detail/b.hpp": HEADER, "tests/fuzz/corpus/b/empty": ""}
        self.assert_clean({**files, "src/net/a.cpp": '#include "net/detail/a.hpp"\n'})
        self.assert_fault({**files, "src/acs/b.cpp": '#include "net/detail/a.hpp"\n'}, "detail", "src/acs/b.cpp", 1)
        self.assert_clean({**files, "tests/fuzz/b_fuzz.cpp": '// links: acs\n#include "acs/detail/b.hpp"\n'})
        self.assert_fault({**files, "tests/fuzz/b_fuzz.cpp": '// links: net\n#include "net/detail/a.hpp"\n'},
                          "detail", "tests/fuzz/b_fuzz.cpp", 2)

    def test_tests_of_the_whole_meet_the_product_on_the_wire(self):
        self.assert_fault({"src/acs/a.hpp": HEADER, "tests/scenario/a.cpp": '#include "acs/a.hpp"\n'},
                          "wire-only", "tests/scenario/a.cpp", 1)

    # Libraries

    def test_a_library_outside_its_folder_is_found(self):
        self.assert_fault({"src/acs/a.cpp": "#include <soci/soci.h>\n"}, "library", "src/acs/a.cpp", 1, "SOCI")
        self.assert_clean({"src/store/a.cpp": "#include <soci/soci.h>\n"})

    def test_a_library_outside_its_file_is_found(self):
        self.assert_fault({"src/base/text.cpp": "#include <spdlog/spdlog.h>\n"}, "library", "src/base/text.cpp", 1)
        self.assert_fault({"src/recording/merge.cpp": "#include <boost/json.hpp>\n"},
                          "library", "src/recording/merge.cpp", 1)
        self.assert_clean({"src/base/log.cpp": "#include <spdlog/spdlog.h>\n",
                           "src/recording/manifest_json.cpp": "#include <boost/json.hpp>\n#include <boost/system/result.hpp>\n",
                           "src/recording/manifest_json_test.cpp": "#include <boost/json.hpp>\n"})

    def test_a_library_reached_through_our_headers_is_found_with_its_chain(self):
        files = {"src/store/session.hpp": HEADER + "#include <soci/soci.h>\n",
                 "src/store/rows.hpp": HEADER + '#include "store/session.hpp"\n',
                 "src/app/wire.cpp": '#include "store/rows.hpp"\n'}
        self.assert_fault(files, "library-reached", "src/app/wire.cpp", 1,
                          "src/store/rows.hpp -> src/store/session.hpp -> <soci/soci.h>")

    def test_domain_reaches_no_boost_and_others_may_await(self):
        files = {"src/base/task.hpp": HEADER + "#include <boost/asio/awaitable.hpp>\n",
                 "src/base/clock.hpp": HEADER + '#include "base/task.hpp"\n'}
        self.assert_clean({**files, "src/ports/a.hpp": HEADER + '#include "base/clock.hpp"\n'})
        self.assert_fault({**files, "src/domain/a.hpp": HEADER + '#include "base/clock.hpp"\n'},
                          "library-reached", "src/domain/a.hpp", 1)

    def test_a_cycle_of_headers_ends(self):
        self.faults({"src/base/a.hpp": HEADER + '#include "base/b.hpp"\n',
                     "src/base/b.hpp": HEADER + '#include "base/a.hpp"\n'})

    def test_a_library_that_nobody_named_is_found(self):
        self.assert_fault({"src/base/a.cpp": "#include <vector>\n#include <unistd.h>\n#include <zmq.hpp>\n"},
                          "unknown-library", "src/base/a.cpp", 3)

    def test_a_heavy_header_is_found(self):
        self.assert_fault({"src/net/server.hpp": HEADER + "#include <boost/beast/http.hpp>\n"},
                          "heavy-header", "src/net/server.hpp", 2)
        self.assert_clean({"src/net/detail/server.hpp": HEADER + "#include <boost/beast/http.hpp>\n"})

    def test_the_simulator_stays_apart(self):
        files = {"src/acs/a.hpp": HEADER, "src/net/a.hpp": HEADER + '#include "acs/a.hpp"\n',
                 "src/simulator/a.cpp": '#include "net/a.hpp"\n'}
        self.assert_fault(files, "simulator-apart", "src/net/a.hpp", 2)
        self.assert_fault({"src/simulator/a.cpp": "#include <cjose/cjose.h>\n"},
                          "simulator-apart", "src/simulator/a.cpp", 1)

    def test_a_table_that_is_gone_or_unreadable_is_a_fault(self):
        self.assertEqual([fault.rule for fault in self.faults({}, table="# nothing\n")], ["table"])
        strange = TABLE.replace("| SOCI |", "| LibNobodyKnows |")
        faults = self.faults({}, table=strange)
        self.assertEqual([fault.rule for fault in faults], ["table"])
        self.assertIn("LibNobodyKnows", str(faults[0]))

    # Tests that run

    def test_an_orphan_test_is_found(self):
        self.assert_fault({"tests/scenario/a_test.cpp": "", "tests/scenario/CMakeLists.txt": "# a_test.cpp\n"},
                          "orphan-test", "tests/scenario/a_test.cpp", 1)
        self.assert_fault({"tests/other/a_test.cpp": ""}, "orphan-test", "tests/other/a_test.cpp", 1)

    def test_a_named_or_globbed_test_is_owned(self):
        self.assert_clean({"tests/scenario/a_test.cpp": "", "tests/scenario/b/c_test.cpp": "",
                           "tests/scenario/CMakeLists.txt": "earshot_test(a SOURCES a_test.cpp b/c_test.cpp)\n"})
        self.assert_clean({"tests/scenario/a_test.cpp": "", "tests/scenario/CMakeLists.txt":
                           "file(GLOB found CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)\n"})

    def test_a_fuzz_target_without_its_links_or_inputs_is_found(self):
        self.assert_clean({"tests/fuzz/a_fuzz.cpp": "// links: acs net\n", "tests/fuzz/corpus/a/empty": ""})
        self.assert_fault({"tests/fuzz/a_fuzz.cpp": "// links: acs\n"}, "fuzz-target", "tests/fuzz/a_fuzz.cpp", 1,
                          "no kept input")
        self.assert_fault({"tests/fuzz/a_fuzz.cpp": "int a;\n", "tests/fuzz/corpus/a/empty": ""},
                          "fuzz-target", "tests/fuzz/a_fuzz.cpp", 1, "which modules")
        self.assert_fault({"src/acs/a_fuzz.cpp": "// links: acs\n"}, "fuzz-target", "src/acs/a_fuzz.cpp", 1)

    def test_a_title_with_a_semicolon_is_found(self):
        self.assert_fault({"src/base/a_test.cpp": '\nTEST_CASE("one; two") {}\n'}, "title", "src/base/a_test.cpp", 2)
        self.assert_clean({"src/base/a_test.cpp": 'TEST_CASE("one and two") { f("a;b"); }\n'})

    # Banned calls

    def test_banned_calls_are_found(self):
        for call in ("std::chrono::system_clock::now()", "std::chrono::steady_clock::now( )", "time(nullptr)",
                     "std::this_thread::sleep_for(1s)", "usleep(3)", "rand()", "std::random_device device",
                     'std::getenv("HOME")', "thread.detach()", "co_spawn(e, f(), asio::detached)",
                     "co_await (stream.async_read(buffer, use) || timer.async_wait(use))",
                     "co_await (timer.async_wait(use) || stream.async_read(buffer, use))"):
            with self.subTest(call):
                self.assert_fault({"src/store/a.cpp": f"void f() {{\n  {call};\n}}\n"}, "banned", "src/store/a.cpp", 2)

    def test_what_only_resembles_a_banned_call_passes(self):
        self.assert_clean({"src/store/a.cpp": """
            // never std::chrono::system_clock::now()
            const char* text = "getenv(x) .detach() rand()";
            auto a = clock_.steady_now();
            co_await clock_.sleep_for(1s);
            auto b = operand(1);
            if (x || y) co_await stream.async_read(buffer, use);
            auto t = call.time(0) ;
        """.replace("call.time(0)", "start_time(0)")})

    def test_banned_calls_pass_where_they_belong(self):
        self.assert_clean({"src/net/asio_clock.cpp": "auto a = std::chrono::steady_clock::now();\n",
                           "src/app/config.cpp": 'auto a = std::getenv("PORT");\n',
                           "src/app/config_test.cpp": 'auto a = std::getenv("PORT");\n',
                           "tests/process/a.cpp": "auto a = std::chrono::steady_clock::now();\n"})

    # Shape and words

    def test_a_coroutine_that_takes_what_may_be_a_temporary_is_found(self):
        for parameter in ("const std::string& name", "std::string_view name", "std::span<const int> name", "Name&& name"):
            self.assert_fault({"src/net/a.cpp": f"int x;\nTask<Result<int>> f(int a,\n  {parameter}) {{ co_return 1; }}\n"},
                              "coroutine-parameter", "src/net/a.cpp", 2)

    def test_a_coroutine_may_refer_to_services_and_a_plain_function_to_anything(self):
        self.assert_clean({"src/net/a.cpp": "Task<void> f(Clock& c, std::function<void(const X&)> d) { co_return; }\n"
                                            "Task<void> g(const X& x) { return f(x.clock, x.done); }\n"
                                            "Task<void> h(bool (*fits)(const X&), const char* name) const { co_return; }\n",
                           "src/net/a_test.cpp": "Task<void> f(std::string_view v) { co_return; }\n",
                           "src/net/CMakeLists.txt": "earshot_module(net)\n"})

    def test_a_header_without_pragma_once_is_found(self):
        self.assert_fault({"src/base/a.hpp": "// text\n"}, "pragma-once", "src/base/a.hpp", 1)

    def test_a_long_file_is_found(self):
        self.assert_fault({"src/base/a.cpp": "\n" * 601}, "length", "src/base/a.cpp", 601)
        self.assert_clean({"src/base/a.cpp": "\n" * 600})

    def test_unfinished_work_is_found(self):
        for mark in ("TO" + "DO(now): this", "FIX" + "ME"):
            with self.subTest(mark):
                self.assert_fault({"src/base/a.cpp": f"\n// {mark}\n"}, "unfinished", "src/base/a.cpp", 2)
        self.assert_fault({"src/base/a.cpp": "// TO" + "DO: some time\n"}, "todo-kind", "src/base/a.cpp", 1)
        self.assert_clean({"src/base/a.cpp": "// TO" + "DO(perf): cache it\n"})

    def test_a_lock_file_that_names_a_host_is_found(self):
        self.assert_fault({"console/package-lock.json": '{\n "resolved": "https://example.com/a.tgz"\n}\n'},
                          "lock-host", "console/package-lock.json", 2)
        self.assert_clean({"console/package-lock.json": '{\n "integrity": "sha512-abc"\n}\n'})

    def test_a_path_of_somebodys_machine_is_found(self):
        for folder in ("wo" + "rk", "fa" + "rm"):
            with self.subTest(folder):
                self.assert_fault({"docs/a.md": f"see /{folder}/notes.md\n"}, "machine-path", "docs/a.md", 1)
        self.assert_clean({"docs/a.md": "https://example.com/wo" + "rk/x and src/wo" + "rk/y and /wo" + "rker\n"})


if __name__ == "__main__":
    unittest.main()
