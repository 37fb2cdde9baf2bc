# SPDX-License-Identifier: ISC
"""What is measured through a tunnel that stands: ping, TCP, a flood of small UDP packets, CPU time, memory."""
import json
import os
import pathlib
import subprocess
import time

from stage import StageError

TICKS = os.sysconf("SC_CLK_TCK")
IPERF_PORT = 5201
FLOOD_PORT = 5001
FLOOD_BYTES = 64
PINGS = 400
PING_INTERVAL = "0.004"
PATIENCE_SECONDS = 15  # beyond what a measurement is to last


def machine_cpu():
    """Seconds of all cores that were not idle since the start: user, nice, system, interrupts."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return sum(int(fields[i]) for i in (0, 1, 2, 5, 6)) / TICKS


def gateways_cpu(pids):
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def gateways_memory(pids):
    """Resident bytes of all."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total


def finish(process):
    if process.poll() is None:
        process.kill()
    process.wait()


def tcp(stage, address, streams, seconds):
    server = subprocess.Popen(stage.inside("b", "iperf3", "-s", "-1", "-p", IPERF_PORT),
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        await_listener(stage, "b", IPERF_PORT)
        machine, gateways = machine_cpu(), gateways_cpu(stage.gateways)
        client = subprocess.run(
            stage.inside("a", "iperf3", "-c", address, "-p", IPERF_PORT, "-t", seconds, "-P", streams,
                         "-J", "--connect-timeout", "3000"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=seconds + PATIENCE_SECONDS, check=False)
        machine, gateways = machine_cpu() - machine, gateways_cpu(stage.gateways) - gateways
    finally:
        finish(server)
    result = json.loads(client.stdout or "{}")
    if "error" in result or "end" not in result:
        raise StageError(f"iperf3: {result.get('error', client.stderr)}")
    received = result["end"]["sum_received"]
    gigabits = received["bytes"] * 8e-9
    return {"gbit_per_s": received["bits_per_second"] * 1e-9, "machine_cpu_per_gbit": machine / gigabits,
            "gateways_cpu_per_gbit": gateways / gigabits,
            "retransmits": result["end"]["sum_sent"].get("retransmits")}


def await_listener(stage, side, port):
    for _ in range(100):
        if f":{port} " in stage.run(side, "ss", "-Hltn") + " ":
            return
        time.sleep(0.02)
    raise StageError(f"nobody listens at {port}")


def flood(stage, flood_program, address, seconds):
    """Packets a second that arrive, and that were sent, of 64 bytes of payload."""
    receiver = subprocess.Popen(
        stage.inside("b", flood_program, "receive", FLOOD_PORT, seconds + 1), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        time.sleep(0.2)
        sent = json.loads(stage.run("a", flood_program, "send", address, FLOOD_PORT, FLOOD_BYTES, seconds))
        output, errors = receiver.communicate(timeout=seconds + PATIENCE_SECONDS)
    finally:
        finish(receiver)
    if receiver.returncode != 0:
        raise StageError(f"flood: {errors}")
    received = json.loads(output)
    if received["packets"] == 0 or received["seconds"] <= 0:
        raise StageError("nothing of the flood arrived")
    return {"received_per_s": received["packets"] / received["seconds"],
            "sent_per_s": sent["packets"] / sent["seconds"]}


def ping(stage, address, count=PINGS):
    output = stage.run("a", "ping", "-n", "-c", count, "-i", PING_INTERVAL, "-W", "1", address)
    times = sorted(float(word[5:]) * 1000 for word in output.split() if word.startswith("time="))
    if not times:
        raise StageError("no ping was answered")
    return {"p50_us": times[len(times) // 2], "p99_us": times[len(times) * 99 // 100],
            "lost": count - len(times)}


def everything(stage, flood_program, address, seconds, is_quick):
    """One peer's figures in one round. Ping first, while the tunnel is idle."""
    record = {"ping": ping(stage, address, 50 if is_quick else PINGS),
              "tcp1": tcp(stage, address, 1, seconds)}
    record["tcp4"] = tcp(stage, address, 4, seconds)
    record["flood"] = flood(stage, flood_program, address, min(seconds, 3))
    record["memory_bytes"] = gateways_memory(stage.gateways) if stage.gateways else None
    return record
