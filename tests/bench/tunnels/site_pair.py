# SPDX-License-Identifier: ISC
"""Our own peer: an organization of one hub and one spoke, made for one measurement and thrown away with it.

Side a is the hub, and has the registry; the configuration is signed by the administrator's tool and published to the registry; both
gateways find each other as they do anywhere.
"""
from stage import SIDES, TUNNEL, UNDERLAY, StageError, command, is_true_within

SITES = {"a": "hub", "b": "spoke"}
REGISTRY_PORT = 9350

ORGANIZATION = """\
name: bench
registries: [{{host: {host}, port: {port}, key: {registry_key}}}]
sites:
  hub: {{key: {hub_key}, role: hub, exports: [{hub_subnet}]}}
  spoke: {{key: {spoke_key}, role: spoke, hubs: [hub], exports: [{spoke_subnet}]}}
"""

REGISTRY = """\
listen: ["{host}:{port}"]
key: {folder}/registry.key
store: {folder}/registry.db
control: {folder}/registry.sock
organizations: [{{id: {organization}}}]
"""

GATEWAY = """\
organization: {organization}
bundle: {folder}/bundle
state_directory: {folder}/{side}
control: {folder}/{side}.sock
uplinks: [{{interface: wire, family: ipv4}}]
tun: {{address: {address}{tun}}}
workers: {workers}
"""


class Programs:
    """Where a build folder has the three programs."""

    def __init__(self, build):
        self.admin = build / "examples/admin/autovpn"
        self.gateway = build / "examples/gateway/autovpn-gateway"
        self.registry = build / "examples/registry/autovpn-registry"


def subnet(side):
    """The export in which a site's own address lies."""
    return TUNNEL[side].rpartition(".")[0] + ".0/24"


def settings_files(stage, organization, workers, has_offloads):
    fields = {"folder": stage.folder, "organization": organization, "workers": workers,
              "tun": "" if has_offloads else ", offloads: false", "host": UNDERLAY["a"], "port": REGISTRY_PORT}
    files = {side: stage.write(f"{SITES[side]}.yaml",
                               GATEWAY.format(side=side, address=TUNNEL[side], **fields))
             for side in SIDES}
    return stage.write("registry.yaml", REGISTRY.format(**fields)), files


def publish(stage, programs, registry_file, gateway_files):
    keys = {side: command(programs.gateway, "--config", gateway_files[side], "--show-key").strip()
            for side in SIDES}
    text = ORGANIZATION.format(
        host=UNDERLAY["a"], port=REGISTRY_PORT,
        registry_key=command(programs.registry, "--config", registry_file, "--show-key").strip(),
        hub_key=keys["a"], hub_subnet=subnet("a"), spoke_key=keys["b"], spoke_subnet=subnet("b"))
    organization_file = stage.folder / "org" / "org.yaml"
    organization_file.write_text(text)

    def is_published():
        try:
            stage.run("a", programs.admin, "org", "publish", organization_file, "--no-passphrase",
                      "--out", stage.folder / "bundle")
            return True
        except StageError as error:
            stage.write("publish", str(error))
            return False
    if not is_true_within(20, is_published):
        raise StageError((stage.folder / "publish").read_text())


def raise_sites(stage, build, workers, has_offloads):
    programs = Programs(build)
    organization = command(programs.admin, "org", "init", stage.folder / "org", "--name", "bench",
                           "--no-passphrase").strip()
    registry_file, gateway_files = settings_files(stage, organization, workers, has_offloads)
    stage.start("a", programs.registry, "--config", registry_file)
    publish(stage, programs, registry_file, gateway_files)
    for side in SIDES:
        stage.start(side, programs.gateway, "--config", gateway_files[side], is_gateway=True)
