# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A laboratory for one run: network namespaces of its own, 'septet serve' in
# them on a tap or on one end of a veth pair, or 'septet bench' on a tap, the
# kernel as their peer. Sourced by scripts/demo and tests/e2e, and for its waiting
# by scripts/pair; whatever happens, everything is taken down at exit.

lab_kernel4=10.99.0.1
lab_kernel6=fd00:99::1
lab_septet4=10.99.0.2
lab_septet6=fd00:99::2
lab_bench4=10.99.0.2-10.99.0.9/24
lab_bench6=fd00:99::2-fd00:99::9/64
lab_ready='^ready$'              # the line that septet prints when it answers

lab_septet=${SEPTET-}         # the program
lab_scratch=                  # a folder for this run
lab_client=                   # namespace of the kernel that is the peer
lab_interface=                # its interface towards septet
lab_namespaces=()
lab_started=()                # processes to end
lab_pid=                      # septet
lab_log=                      # what septet printed

# lab_begin NAME: call first. NAME is part of the namespaces' names.
lab_begin() {
	lab_name=septet-$1
	[ "$(id -u)" -eq 0 ] || die "network namespaces need root: run it by sudo"
	trap lab_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	lab_scratch=$(mktemp -d)
	lab_sweep
}

# A run that was killed outright could not clean up: do it for those whose process is gone.
lab_sweep() {
	local name pid
	for name in $(ip netns list 2>/dev/null | awk '{print $1}' | grep -E '^septet-[a-z0-9]+-[0-9]+-[a-z]+$'); do
		pid=${name%-*}
		pid=${pid##*-}
		if ! kill -0 "$pid" 2>/dev/null; then
			lab_remove "$name"
		fi
	done
}

# lab_remove NAMESPACE: end what runs in it, and delete it.
lab_remove() {
	local pid
	for pid in $(ip netns pids "$1" 2>/dev/null); do
		kill -KILL "$pid" 2>/dev/null || true
	done
	ip netns del "$1" 2>/dev/null || true
}

lab_end() {
	local status=$?
	trap - EXIT
	trap '' INT TERM HUP
	lab_down
	rm -rf "$lab_scratch"
	exit "$status"
}

# End all processes and remove all namespaces of this run.
lab_down() {
	local p
	for p in "${lab_started[@]}"; do
		kill -TERM "$p" 2>/dev/null || true
	done
	for p in "${lab_started[@]}"; do
		lab_gone "$p" 10 || kill -KILL "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	for p in "${lab_namespaces[@]}"; do
		lab_remove "$p"
	done
	lab_started=()
	lab_namespaces=()
	lab_pid=
}

# lab_gone PID SECONDS: wait for a process to end, at most so long.
lab_gone() {
	lab_until "$2" lab_is_gone "$1"
}

lab_is_gone() {
	local state
	state=$(ps -o state= -p "$1" 2>/dev/null) || return 0
	[ "$state" = Z ]
}

# lab_until SECONDS COMMAND...: try a command again until it succeeds, at most so long.
lab_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# lab_processors: two processors that we may use, of different cores where there are such; one
# where there is only one.
lab_processors() {
	local mine
	mine=$(taskset -cp "$$" | sed 's/.*: //')
	lscpu -p=CPU,CORE | awk -F, -v "mine=$mine" '
		function may(cpu, part, range, i, n) {
			n = split(mine, part, ",")
			for (i = 1; i <= n; i++) {
				split(part[i], range, "-")
				if (cpu >= range[1] + 0 && cpu <= (part[i] ~ /-/ ? range[2] : range[1]) + 0)
					return 1
			}
			return 0
		}
		/^#/ || !may($1 + 0) { next }
		!found { first = $1; core = $2; found = 1; next }
		$2 != core { print first; print $1; done = 1; exit }
		second == "" { second = $1 }
		END {
			if (!done && found)
				print first (second == "" ? "" : "\n" second)
		}'
}

# A namespace of this run; its name is $lab_name-<pid>-<suffix>.
lab_namespace() {
	lab_new=$lab_name-$$-$1
	lab_namespaces+=("$lab_new") # first: a signal may come in between
	ip netns add "$lab_new"
	ip -n "$lab_new" link set lo up
}

# lab_serve tap|veth OPTION...: septet on that kind of port, ready, with both
# addresses and OPTIONs of 'septet serve'; the kernel's side is configured.
lab_serve() {
	local kind=$1 port server
	shift
	lab_namespace kernel
	lab_client=$lab_new
	if [ "$kind" = tap ]; then
		server=$lab_client
		lab_interface=spt0
		port=tap:spt0
	else
		lab_namespace septet
		server=$lab_new
		lab_interface=kern0
		port=af_packet:spt0
		ip -n "$server" link add spt0 type veth peer name kern0 netns "$lab_client"
		# septet's end: the kernel there must not answer beside septet.
		ip netns exec "$server" sysctl -q -w net.ipv6.conf.spt0.disable_ipv6=1
		ip netns exec "$server" ethtool -K spt0 tx off >/dev/null
		ip -n "$server" link set spt0 up
		lab_configure
	fi
	lab_log=$lab_scratch/septet.log
	ip netns exec "$server" "$lab_septet" serve --port "$port" --address "$lab_septet4/24" \
		--address "$lab_septet6/64" "$@" >"$lab_log" 2>&1 </dev/null &
	lab_pid=$!
	lab_started+=("$lab_pid")
	if ! lab_until 20 lab_is_ready; then
		tail -n 5 "$lab_log" >&2
		die "septet did not say that it is ready within 20 s"
	fi
	if [ "$kind" = tap ]; then
		lab_configure
	fi
}

lab_is_ready() {
	if lab_is_gone "$lab_pid"; then
		tail -n 5 "$lab_log" >&2
		die "septet ended before it was ready"
	fi
	grep -qE "$lab_ready" "$lab_log"
}

# lab_kernel: a namespace whose kernel is to be the server; 'septet bench' comes later.
lab_kernel() {
	lab_namespace kernel
	lab_client=$lab_new
	lab_interface=spt0
}

# lab_bench_start OPTION...: 'septet bench' on a tap in that namespace, in the background, with
# several addresses of both families; the kernel's end is configured as soon as it is there.
# SIGINT reaches it, though a shell has that ignored in what it starts in the background.
lab_bench_start() {
	lab_log=$lab_scratch/bench.log
	ip netns exec "$lab_client" env --default-signal=INT "$lab_septet" bench --port tap:spt0 \
		--address "$lab_bench4" --address "$lab_bench6" "$@" >"$lab_log" 2>&1 </dev/null &
	lab_pid=$!
	lab_started+=("$lab_pid")
	if lab_until 20 lab_has_interface && ! lab_is_gone "$lab_pid"; then
		lab_configure || lab_is_gone "$lab_pid"
	fi
}

lab_has_interface() {
	lab_is_gone "$lab_pid" || ip -n "$lab_client" link show "$lab_interface" >/dev/null 2>&1
}

# lab_bench SECONDS OPTION...: the same to its end, at most so long; its exit code, or 124.
lab_bench() {
	local seconds=$1
	shift
	lab_bench_start "$@"
	lab_bench_end "$seconds"
}

lab_bench_end() {
	local status=0
	if ! lab_gone "$lab_pid" "$1"; then
		say "septet bench was still there after $1 s" >&2
		kill -KILL "$lab_pid" 2>/dev/null || true
		status=124
	fi
	wait "$lab_pid" 2>/dev/null || status=$((status ? status : $?))
	lab_forget "$lab_pid"
	return "$status"
}

# The kernel's side. Checksums are to be in the frames: nobody fills them in on a tap or veth.
lab_configure() {
	ip netns exec "$lab_client" sysctl -q -w "net.ipv6.conf.$lab_interface.accept_dad=0"
	ip netns exec "$lab_client" ethtool -K "$lab_interface" tx off >/dev/null
	ip -n "$lab_client" link set "$lab_interface" up
	ip -n "$lab_client" addr add "$lab_kernel4/24" dev "$lab_interface"
	ip -n "$lab_client" addr add "$lab_kernel6/64" dev "$lab_interface" nodad
}

# lab_client_run SECONDS COMMAND...: a kernel client, at most so long. In the
# background, so that a signal to us ends it at once.
lab_client_run() {
	local seconds=$1 pid status=0
	shift
	ip netns exec "$lab_client" timeout -k 5 "$seconds" "$@" <&0 &
	pid=$!
	lab_started+=("$pid")
	wait "$pid" || status=$?
	lab_forget "$pid"
	return "$status"
}

# lab_ladder CLIENT PORT: capture the IPv4 connection that CLIENT, a line of shell,
# makes to that port until both ends are done with it. Leaves its ladder diagram
# in $lab_scratch/ladder and what the client said in $lab_scratch/client.
lab_ladder() {
	local capture=$lab_scratch/capture draw tcpdump
	draw=(awk -v "server=$lab_septet4" -f "$spt_top/scripts/ladder.awk")
	: >"$capture.error"
	ip netns exec "$lab_client" tcpdump -l -n -tt --immediate-mode -i "$lab_interface" \
		"tcp port $2" >"$capture" 2>"$capture.error" </dev/null &
	tcpdump=$!
	lab_started+=("$tcpdump")
	if ! lab_until 10 grep -q 'listening on' "$capture.error"; then
		say "tcpdump did not start: $(tail -n 1 "$capture.error")" >&2
		return 1
	fi
	if ! lab_client_run 20 bash -c "$1" >"$lab_scratch/client" 2>&1; then
		say "the client failed: $(tail -n 1 "$lab_scratch/client")" >&2
		return 1
	fi
	if ! lab_until 10 "${draw[@]}" -v until_closed=1 "$capture"; then
		say "the connection was not closed within 10 s" >&2
		return 1
	fi
	kill "$tcpdump"
	wait "$tcpdump" || true
	lab_forget "$tcpdump"
	"${draw[@]}" "$capture" >"$lab_scratch/ladder"
}

# A process that has ended: its number may be another's soon.
lab_forget() {
	local p rest=()
	for p in "${lab_started[@]}"; do
		[ "$p" = "$1" ] || rest+=("$p")
	done
	lab_started=("${rest[@]}")
}

# lab_stop SECONDS: SIGTERM to septet; its exit code, or 1 when it took too long.
lab_stop() {
	local status=0
	kill -TERM "$lab_pid" 2>/dev/null || true
	if ! lab_gone "$lab_pid" "$1"; then
		say "septet was still there $1 s after SIGTERM" >&2
		return 1
	fi
	wait "$lab_pid" || status=$?
	lab_forget "$lab_pid"
	return "$status"
}
