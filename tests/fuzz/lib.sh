# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154
# How a fuzz target is run, for scripts/fuzz and scripts/test. Sourced after
# scripts/lib.sh, never run.

# The names of all targets.
fuzz_targets() {
	local source
	for source in "$spt_top"/tests/fuzz/fuzz_*.c; do
		source=$(basename "$source" .c)
		printf '%s\n' "${source#fuzz_}"
	done
}

# fuzz_length TARGET: the longest input worth while.
fuzz_length() {
	case $1 in
	conversation | pair) echo 240 ;;
	scoreboard) echo 1000 ;;
	http_*) echo 600 ;;
	*) echo 300 ;;
	esac
}

# fuzz_share TARGET: of the time of all.
fuzz_share() {
	case $1 in
	conversation) echo 10 ;;
	pair) echo 6 ;;
	transport | frame | options) echo 2 ;;
	*) echo 1 ;;
	esac
}

# What is undefined is an error as well.
fuzz_environment() {
	export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
	export ASAN_OPTIONS=detect_leaks=1:quarantine_size_mb=64
}

# fuzz_run TARGET CORPUS ARTIFACTS LOG OPTION...: run it from a corpus, whose
# folder grows; a result line, with figures when it was fuzzed.
fuzz_run() {
	local target=$1 corpus=$2 artifacts=$3 log=$4 found files
	shift 4
	fuzz_environment
	files=$(find "$corpus" -type f | wc -l)
	# Seconds to spare are for a machine that does something else as well.
	if timeout -k 5 3600 "$(build_dir clang fuzz)/tests/fuzz/fuzz_$target" -seed=1 -entropic=0 \
		-len_control=0 -timeout=30 -rss_limit_mb=4096 -max_len="$(fuzz_length "$target")" \
		-artifact_prefix="$artifacts" "$@" "$corpus" >"$log" 2>&1 </dev/null; then
		echo "ok fuzz/$target: $(fuzz_figures "$log"), $(($(find "$corpus" -type f | wc -l) - files)) new"
		return
	fi
	found=$(grep -o "${artifacts}[a-z]*-[0-9a-f]*" "$log" | tail -n 1)
	echo "FAIL fuzz/$target: $(grep -aE 'ERROR|runtime error' "$log" | head -n 2 | tr '\n' ' ');" \
		"scripts/fuzz --reproduce $target ${found:-$corpus}"
}

# "N runs, N a second, N edges" of libFuzzer's last line of figures.
fuzz_figures() {
	awk '/^#[0-9]+\t(DONE|INITED)/ {
		runs = substr($1, 2)
		for (i = 2; i < NF; i++) {
			if ($i == "cov:") edges = $(i + 1)
			if ($i == "exec/s:") rate = $(i + 1)
		}
	}
	END {printf "%d runs, %d/s, %d edges", runs, rate, edges}' "$1"
}
