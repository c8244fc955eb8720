#!/usr/bin/python3
"""Tests of tools/tidy: what passed is skipped until something that clang-tidy sees has changed."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
LOADER = importlib.machinery.SourceFileLoader("tidy", str(HERE / "tidy"))
tidy = importlib.util.module_from_spec(importlib.util.spec_from_loader("tidy", LOADER))
sys.modules["tidy"] = tidy
LOADER.exec_module(tidy)

# Stands in for clang-tidy: objects to BAD in the file, counts its runs.
LINTER = """#!/usr/bin/python3
import sys
if sys.argv[1] == "--version":
    print("version 1")
    sys.exit(0)
path = sys.argv[-1]
open(path + ".runs", "a").write("x")
bad = "BAD" in open(path).read()
print("7 warnings generated.")
if bad:
    print(f"{path}:1:1: error: bad word [house-words]\\n  1 | BAD\\nshared.hpp:3:1: error: bad header [house-words]")
sys.exit(1 if bad else 0)
"""


class Tree:
    def __init__(self, folder):
        self.root = Path(folder) / "tree"
        (self.root / "src").mkdir(parents=True)
        (self.root / "build").mkdir()
        (self.root / ".clang-tidy").write_text("Checks: bugprone-*\n")
        self.linter = Path(folder) / "linter"
        self.linter.write_text(LINTER)
        self.linter.chmod(0o755)
        self.passed = tidy.Passed(Path(folder) / "cache" / "tidy")

    def write(self, path, text):
        (self.root / path).write_text(text)

    def runs(self, path):
        file = self.root / (path + ".runs")
        return len(file.read_text()) if file.exists() else 0

    def run(self, *paths, flags=""):
        commands = [{"directory": str(self.root / "build"), "file": str(self.root / path),
                     "command": f"clang++-19 {flags} -I{self.root}/src -o x.o -c {self.root / path}"} for path in paths]
        (self.root / "build" / "compile_commands.json").write_text(json.dumps(commands))
        loaded = tidy.load_commands([self.root / "build"], self.root)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            failed = tidy.run(tidy.Tidy(str(self.linter), loaded, self.passed, self.root), paths, 2)
        return failed, out.getvalue()


class TidyTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.tree = Tree(self.folder)

    def test_a_file_that_passed_is_skipped(self):
        self.tree.write("src/a.cpp", "int a;\n")
        self.tree.run("src/a.cpp")
        failed, said = self.tree.run("src/a.cpp")
        self.assertEqual(failed, [])
        self.assertEqual(self.tree.runs("src/a.cpp"), 1)
        self.assertIn("1 files, 1 of them cached, 0 failed", said)

    def test_a_file_that_failed_is_looked_at_again(self):
        self.tree.write("src/a.cpp", "int BAD;\n")
        self.assertEqual(self.tree.run("src/a.cpp")[0], ["src/a.cpp"])
        failed, said = self.tree.run("src/a.cpp")
        self.assertEqual(failed, ["src/a.cpp"])
        self.assertEqual(self.tree.runs("src/a.cpp"), 2)
        self.assertIn("bad word", said)
        self.assertNotIn("warnings generated", said)

    def test_comments_macros_includes_flags_and_checks_count(self):
        self.tree.write("src/h.hpp", "#pragma once\n")
        text = "#include \"h.hpp\"\nint a;\n"
        steps = [lambda: self.tree.write("src/a.cpp", text),
                 lambda: self.tree.write("src/a.cpp", text + "// NOLINT\n"),
                 lambda: self.tree.write("src/a.cpp", text + "#define UNUSED 1\n"),
                 lambda: self.tree.write("src/a.cpp", text + "#include \"h.hpp\"\n"),
                 lambda: self.tree.write("src/h.hpp", "#pragma once\n// said\n"),
                 lambda: self.tree.write(".clang-tidy", "Checks: performance-*\n")]
        for count, step in enumerate(steps, 1):
            step()
            self.tree.run("src/a.cpp")
            self.tree.run("src/a.cpp")
            self.assertEqual(self.tree.runs("src/a.cpp"), count)
        self.tree.run("src/a.cpp", flags="-Wall")
        self.assertEqual(self.tree.runs("src/a.cpp"), len(steps) + 1)

    def test_another_clone_profits(self):
        self.tree.write("src/a.cpp", "const char* where = __FILE__;\n")
        self.tree.run("src/a.cpp")
        with tempfile.TemporaryDirectory() as elsewhere:
            clone = Tree(elsewhere)
            clone.passed = self.tree.passed
            clone.write("src/a.cpp", "const char* where = __FILE__;\n")
            clone.run("src/a.cpp")
            self.assertEqual(clone.runs("src/a.cpp"), 0)

    def test_what_was_not_used_for_long_is_dropped(self):
        self.tree.write("src/a.cpp", "int a;\n")
        self.tree.run("src/a.cpp")
        now = time.time()
        self.tree.passed.drop_old(now + 29 * 24 * 3600)
        self.assertEqual(len(os.listdir(self.tree.passed.folder)), 1)
        self.tree.passed.drop_old(now + 31 * 24 * 3600)
        self.assertEqual(os.listdir(self.tree.passed.folder), [])

    def test_a_finding_in_a_header_is_printed_once(self):
        for name in ("src/a.cpp", "src/b.cpp"):
            self.tree.write(name, "int BAD;\n")
        failed, said = self.tree.run("src/a.cpp", "src/b.cpp")
        self.assertEqual(failed, ["src/a.cpp", "src/b.cpp"])
        self.assertEqual(said.count("bad header"), 1)
        self.assertIn("src/b.cpp:1:1: error: bad word", said)

    def test_a_file_that_does_not_compile_is_left_to_clang_tidy(self):
        self.tree.write("src/a.cpp", "#include \"nowhere.hpp\"\n")
        self.tree.run("src/a.cpp")
        self.tree.run("src/a.cpp")
        self.assertEqual(self.tree.runs("src/a.cpp"), 2)

    def test_tests_and_benchmarks_have_checks_of_their_own(self):
        self.assertEqual(tidy.checks_for("src/app/service.cpp"), "")
        for path in ("src/app/service_test.cpp", "tests/scenario/world.cpp", "bench/base64_bench.cpp",
                     "src/net/testing/test_runtime.cpp"):
            self.assertEqual(tidy.checks_for(path), tidy.TEST_CHECKS)


if __name__ == "__main__":
    unittest.main()
