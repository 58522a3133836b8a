# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# Shared by the scenarios of 'septet bench': its JSON file, the kernel's servers,
# and what a run leaves behind at the peer. Sourced after lib.sh.

bench_json=             # the file of the last run
bench_deadline=120      # seconds, of any run here; none takes that long

# bench_run OPTION...: 'septet bench' on its own (memory port), to its end.
bench_run() {
	bench_json=$lab_scratch/bench.json
	rm -f "$bench_json"
	timeout -k 10 "$bench_deadline" "$lab_septet" bench --json "$bench_json" "$@" \
		>"$lab_scratch/bench.log" 2>&1 </dev/null
}

# bench_kernel OPTION...: the same on a tap, against the kernel of the namespace.
bench_kernel() {
	bench_json=$lab_scratch/bench.json
	rm -f "$bench_json"
	lab_bench "$bench_deadline" --json "$bench_json" "$@"
}

# bench_ok COMMAND...: the run, and what it said at its end when it failed.
bench_ok() {
	"$@" && return
	tail -n 3 "$lab_scratch/bench.log"
	return 1
}

# bench_is CONDITION...: each holds for the figures of the last run, as Python sees them.
bench_is() {
	python3 "$spt_top/tests/e2e/bench.py" "$bench_json" "$@"
}

# bench_get EXPRESSION: a figure of the last run.
bench_get() {
	python3 "$spt_top/tests/e2e/bench.py" --print "$bench_json" "$1"
}

# Nothing is left at the kernel but TIME-WAIT; what is on its way may take a moment.
bench_left_nothing() {
	lab_until 10 bench_nothing_open && return
	ip netns exec "$lab_client" ss -Htan | head -n 3
	return 1
}

bench_nothing_open() {
	! ip netns exec "$lab_client" ss -Htan | grep -qvE '^(LISTEN|TIME-WAIT)'
}

# serve_kernel PORT COMMAND...: a server in the namespace, ready when it listens there.
serve_kernel() {
	local port=$1
	shift
	ip netns exec "$lab_client" "$@" >"$lab_scratch/kernel.log" 2>&1 </dev/null &
	lab_started+=("$!")
	lab_until 10 listens "$port" || {
		tail -n 3 "$lab_scratch/kernel.log" >&2
		die "no server on port $port within 10 s: $*"
	}
}

listens() {
	[ -n "$(ip netns exec "$lab_client" ss -Hltn "sport = :$1")" ]
}

# nginx in the namespace: port 80 of both families, its own counts on port 8080. Its page is the
# one of 'septet serve', so that --verify knows it.
serve_nginx() {
	local d=$lab_scratch/nginx
	mkdir "$d"
	cat >"$d/nginx.conf" <<-END
		user root;
		daemon off;
		pid $d/pid;
		error_log $d/error.log;
		worker_processes 1;
		worker_rlimit_nofile 65536;
		events { worker_connections 16384; multi_accept on; }
		http {
		  access_log off;
		  keepalive_timeout 0;
		  client_body_temp_path $d/body; proxy_temp_path $d/proxy; fastcgi_temp_path $d/fastcgi;
		  uwsgi_temp_path $d/uwsgi; scgi_temp_path $d/scgi;
		  server {
		    listen 80 backlog=8192;
		    listen [::]:80 backlog=8192;
		    location / { return 200 "septet: a TCP connection lives seven segments, this is payload.\n"; }
		  }
		  server {
		    listen 127.0.0.1:8080;
		    location / { stub_status; }
		  }
		}
	END
	ip netns exec "$lab_client" sysctl -q -w net.core.somaxconn=8192 \
		net.ipv4.tcp_max_syn_backlog=8192
	serve_kernel 8080 nginx -p "$d" -c "$d/nginx.conf"
}

# nginx's accepts, handled and requests. Asking is itself one of each, counted before the answer.
nginx_counts() {
	ip netns exec "$lab_client" curl -sS http://127.0.0.1:8080/ | sed -n 3p
}

# nginx_counted N BEFORE: since then it accepted, handled and answered exactly N, and this question.
nginx_counted() {
	local first after i
	read -ra first <<<"$2"
	read -ra after <<<"$(nginx_counts)"
	say "nginx before: ${first[*]}, after: ${after[*]}, wanted $1 more and the one that asks"
	for i in 0 1 2; do
		[ "$((after[i] - first[i]))" -eq "$(($1 + 1))" ] || return 1
	done
}
