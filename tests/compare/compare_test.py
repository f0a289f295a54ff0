"""compare.py on recorded lines and on commands that fail: nothing is timed, no peer is needed.

    python3 compare_test.py [TEST]...
"""
import contextlib
import io
import json
import os
import stat
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import compare  # finds the folder of the peers
import comparison
import contestants
import heed_parameters


def line(who, work, case, **numbers):
    return {"who": who, "round": 1, "work": work, "case": case, "peak_rss_mb": 100.0, **numbers}


def record(*measurements, **more):
    return {"machine": {"cpu": "Test", "cores": 2, "system": "Linux"},
            "runs": [{"date": "2026-11-29T10:00:00+00:00", "command": "compare.py", "rounds": 1,
                      "threads": 2}],
            "versions": {"torch": "2.13.0"}, "parameters": {},
            "measurements": list(measurements), **more}


STEP = record(line("heed", "tf_small", "batch 64", ms_min=120.0, floor_ms=100.0),
              line("heed", "tf_small", "batch 64", ms_min=110.0, floor_ms=104.0),
              line("torch", "tf_small", "batch 64", ms_min=220.0),
              line("jax", "tf_small", "batch 64", ms_min=165.0),
              line("torch-bf16", "tf_small", "batch 64", ms_min=90.0))


class Rows(unittest.TestCase):
    def test_the_best_of_all_rounds_counts_and_lower_precision_not(self):
        row, = comparison.rows_of(STEP)
        self.assertEqual(row.values["heed"], 110)
        self.assertEqual(row.floor, 100)
        self.assertAlmostEqual(row.over_floor, 1.1)
        self.assertAlmostEqual(row.ratio, 1.5)  # JAX's, not bfloat16's

    def test_of_batches_the_fastest_counts_each_ones_own(self):
        lines = [line("heed", "decode_greedy", "batch 32", ms_min=100.0, sentences_per_second=320.0,
                      floor_ms=50.0),
                 line("heed", "decode_greedy", "batch 64", ms_min=160.0, sentences_per_second=400.0,
                      floor_ms=128.0),
                 line("ctranslate2", "decode_greedy", "batch 32", sentences_per_second=500.0,
                      ms_min=64.0)]
        row, = comparison.rows_of(record(*lines))
        self.assertEqual((row.values["heed"], row.unit), (400, "sentences/s"))
        self.assertAlmostEqual(row.floor, 640)
        self.assertAlmostEqual(row.over_floor, 1.6)
        self.assertAlmostEqual(row.ratio, 0.8)  # heed is slower

    def test_a_recorded_operation_has_a_row_for_each_direction(self):
        lines = [line(who, "autograd", "1 element", forward_ns=forward, backward_ns=300.0)
                 for who, forward in (("heed", 150.0), ("libtorch", 1200.0))]
        forward, backward = comparison.rows_of(record(*lines))
        self.assertEqual((forward.case, forward.unit), ("1 element, forward", "ns"))
        self.assertAlmostEqual(forward.ratio, 8)
        self.assertAlmostEqual(backward.ratio, 1)

    def test_without_heed_or_without_peers_there_is_no_ratio(self):
        for measurement in STEP["measurements"]:
            row, = comparison.rows_of(record(measurement))
            self.assertIsNone(row.ratio)

    def test_rows_come_in_the_order_of_works(self):
        lines = [line("heed", work, "case", ms_min=1.0) for work in ("attention", "tf_big")]
        self.assertEqual([row.work for row in comparison.rows_of(record(*lines))],
                         ["tf_big", "attention"])


class Pages(unittest.TestCase):
    def test_the_table_has_the_columns_that_are_not_empty(self):
        table = comparison.text_table(comparison.rows_of(STEP))
        self.assertEqual(table.splitlines()[0].split("  ")[0], "work")
        for heading in ("PyTorch", "JAX", "bfloat16", "best / heed"):
            self.assertIn(heading, table)
        self.assertNotIn("CTranslate2", table)

    def test_a_page_keeps_its_words_and_is_the_same_when_written_again(self):
        body = comparison.to_markdown(STEP)
        self.assertIn("| tf_small | batch 64 | ms | 110 | 100 | 1.10 | 220 | 90.0 | 165 | 1.50 |",
                      body)
        page = f"# Speed\n\n{comparison.BEGIN}\nold\n{comparison.END}\n\nHow to read it.\n"
        once = comparison.into_page(page, body)
        self.assertTrue(once.startswith("# Speed\n\n<!--") and once.endswith("\n\nHow to read it.\n"))
        self.assertNotIn("old", once)
        self.assertEqual(comparison.into_page(once, body), once)
        self.assertTrue(comparison.into_page("", body).startswith(comparison.BEGIN))
        for words in ("words", comparison.BEGIN + "\nno end\n"):
            with self.assertRaisesRegex(comparison.Unusable, "is kept"):
                comparison.into_page(words, body)

    def test_runs_of_one_machine_are_shown_together_and_of_two_are_not(self):
        other = record(line("heed", "tf_small", "batch 64", ms_min=105.0), versions={"jax": "0.10"})
        both = comparison.merge([STEP, other])
        self.assertEqual(comparison.rows_of(both)[0].values["heed"], 105)
        self.assertEqual(both["versions"], {"torch": "2.13.0", "jax": "0.10"})
        self.assertEqual(len(STEP["measurements"]), 5)
        other["machine"]["cpu"] = "Other"
        with self.assertRaisesRegex(comparison.Unusable, "two machines"):
            comparison.merge([STEP, other])

    def test_networks_of_unequal_size_are_seen(self):
        lines, equal = comparison.parameter_lines(record(parameters={"tf": {"heed": 7, "jax": 7}}))
        self.assertTrue(equal)
        self.assertEqual(lines, ["tf: 7 parameters (heed, jax)"])
        lines, equal = comparison.parameter_lines(record(parameters={"tf": {"heed": 7, "jax": 8}}))
        self.assertFalse(equal)
        self.assertIn("heed 7, jax 8 parameters: NOT EQUAL", lines[0])


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def script(self, text):
        """A command that stands for heed."""
        with open(self.path("heed"), "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + text + "\n")
        os.chmod(self.path("heed"), stat.S_IRWXU)
        return self.path("heed")

    def run_with(self, *arguments):
        """(status, what was printed, what was said)"""
        out, said = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
            try:
                status = compare.main([str(argument) for argument in arguments])
            except SystemExit as end:
                status = end.code
        return status, out.getvalue(), said.getvalue()

    def time_heed(self, heed, *arguments):
        return self.run_with("--heed", heed, "--works", "attention", "--peers", "--rounds", 2,
                             "--no-parameters", *arguments)

    def test_heed_is_timed_each_round_without_what_holds_openblas(self):
        printed = json.dumps({"work": "attention", "case": "T 8", "ms_min": 2.5, "peak_rss_mb": 9,
                              "instruction_set": "avx2", "blas": {"version": "1", "core": "Zen"}})
        heed = self.script(f"test -z \"$OPENBLAS_CORETYPE\" && echo '{printed}'")
        os.environ["OPENBLAS_CORETYPE"] = "Prescott"
        self.addCleanup(os.environ.pop, "OPENBLAS_CORETYPE")
        status, out, said = self.time_heed(heed, "--json", self.path("run.json"))
        self.assertEqual((status, said.count("attention, round")), (0, 2), said)
        self.assertIn("2.50", out)
        made = comparison.read_record(self.path("run.json"))
        self.assertEqual(len(made["measurements"]), 2)
        self.assertEqual(made["machine"]["blas"], "OpenBLAS 1 Zen")
        self.assertEqual(self.run_with("--from", self.path("run.json"))[:2], (0, out))

    def test_a_heed_that_fails_is_said_once_with_its_words(self):
        status, _, said = self.time_heed(self.script("echo heed: no memory >&2; exit 7"))
        self.assertEqual(status, 1)
        self.assertEqual(said.count("error: heed attention: ended with 7: heed: no memory"), 1)

    def test_a_heed_that_is_not_there_or_prints_something_else_is_an_error(self):
        status, _, said = self.time_heed(self.path("none"))
        self.assertEqual(status, 2)
        self.assertIn("none is no program; build it", said)
        for text in ("echo hello", "echo []", "echo '[1]'", "echo '{\"work\": 1}'", "true"):
            status, _, said = self.time_heed(self.script(text))
            self.assertEqual(status, 1, text)
            self.assertIn("printed no measurement", said)

    def test_a_peer_that_is_not_installed_is_named_with_how_to_install_it(self):
        absent = contestants.BY_NAME["jax"]._replace(needs=["no_such_module"])
        reason = contestants.missing(absent)
        self.assertIn("jax: no no_such_module: ", reason)
        self.assertTrue(reason.endswith("-m pip install jax optax"))

    def test_wrong_flags_are_usage_errors(self):
        for words in (["--works", "tf"], ["--peers", "mxnet"], ["--rounds", "0"], ["--threads", "x"],
                      ["--nonsense"]):
            self.assertEqual(self.run_with(*words)[0], 2, words)

    def test_a_file_that_is_no_record_is_refused_by_its_name(self):
        for text in ("", "[]", "{}", "null"):
            with open(self.path("bad"), "w", encoding="utf-8") as file:
                file.write(text)
            status, _, said = self.run_with("--from", self.path("bad"))
            self.assertEqual(status, 3, text)
            self.assertIn("bad: no", said)

    def test_help_fits_a_terminal_and_names_every_work_and_peer(self):
        status, out, _ = self.run_with("--help")
        self.assertEqual(status, 0)
        self.assertLessEqual(max(map(len, out.splitlines())), 100)
        for name in (*compare.works.WORKS, *contestants.BY_NAME):
            self.assertIn(name, out)

    def test_heed_is_asked_for_the_size_of_its_networks(self):
        heed = self.script('[ "$1" = train ] || echo "total  1234"')
        self.assertEqual(heed_parameters.heed_parameters(heed, "rnn_big", None), 1234)


if __name__ == "__main__":
    unittest.main()
