-- SPDX-License-Identifier: ISC
-- A whole Auto VPN in LuaJIT, as examples/minimal has it in C: a hub, a spoke and a registry in virtual time. No binding: LuaJIT
-- reads the public headers as they are, once the preprocessor has gone over them:
--
--     cc -E -P -nostdinc -I tests/api/plain -I include include/autovpn/autovpn.h > autovpn.i
--     luajit examples/lua/two_sites.lua autovpn.i [libautovpn.so.0]
--
-- What to know of LuaJIT: a Lua function put into a struct's function pointer becomes a callback for good; each host has its own, so
-- none needs `user`. Code that is compiled may not be called back from C: that is what jit.off is for. Macros are gone after the
-- preprocessor; the few numbers are here again.
jit.off(true, true)
local ffi = require "ffi"

ffi.cdef(assert(io.open(arg[1])):read "*a")
local avpn = ffi.load(arg[2] or "libautovpn.so.0")

local HEADROOM, TAILROOM, SECOND = 16, 24, 1000000000LL -- batch.h, types.h
local now = 0LL
local wire = {} -- datagrams on their way: {from, to, bytes}
local hosts = {
    {name = "hub", address = "203.0.113.1:40001", subnet = "10.1.0.0/16"},
    {name = "spoke", address = "203.0.113.2:40002", subnet = "10.2.0.0/16"},
    {name = "registry", address = "198.51.100.1:9350"},
}
local hub, spoke, registry = hosts[1], hosts[2], hosts[3]

local function must(error, what)
    if error ~= 0 then
        local name = ffi.string(avpn.avpn_error_name(error))
        io.stderr:write(what, ": ", name, "\n")
        os.exit(1)
    end
end

-- A struct that says its size, as all have to that have one.
local function sized(name, values)
    local struct = ffi.new("struct " .. name, values or {})
    struct.size = ffi.sizeof(struct)
    return struct
end

local function show(host, ...)
    io.write(string.format("%6.3f s  %s: ", tonumber(now) / 1e9, host.name), string.format(...), "\n")
end

-- The packets of a run, one after the other.
local function each(run)
    local place = -1
    return function()
        place = place + 1
        if place < run.count then
            return run.data + place * run.stride, place + 1 < run.count and run.bytes or run.last_bytes
        end
    end
end

local function owner(contact)
    for _, host in ipairs(hosts) do
        if ffi.string(host.contact, ffi.sizeof(contact)) == ffi.string(contact, ffi.sizeof(contact)) then
            return host
        end
    end
end

-- What an engine asks of its host.
local function seams(host)
    local seam = sized "avpn_host"
    seam.transmit = function(_, batch, count)
        for i = 0, tonumber(count) - 1 do
            for data, bytes in each(batch[i].packets) do
                table.insert(wire, {host, owner(batch[i].remote), ffi.string(data, bytes)})
            end
        end
    end
    seam.deliver = function(_, batch, count)
        for i = 0, tonumber(count) - 1 do
            for _, bytes in each(batch[i]) do
                show(host, "%d bytes from the other site", bytes)
            end
        end
    end
    return seam
end

local function run_wire()
    while wire[1] do
        local from, to, text = unpack(table.remove(wire, 1))
        local buffer = ffi.new("uint8_t[?]", #text)
        local batch = ffi.new "struct avpn_datagrams[1]"
        ffi.copy(buffer, text, #text)
        batch[0].remote = from.contact
        batch[0].packets = {buffer, 1, #text, #text, #text}
        if to == registry then
            must(avpn.avpn_registry_receive(registry.engine, batch, 1, now), "receive")
        elseif to then
            must(avpn.avpn_node_receive(to.engine, batch, 1, now), "receive")
        end
    end
end

local function show_events()
    local event = ffi.new "struct avpn_event"
    for _, host in ipairs {hub, spoke} do
        while avpn.avpn_node_next_event(host.engine, event) == 0 do
            if event.kind == ffi.C.AVPN_EVENT_TUNNEL then
                show(host, "tunnel with %s is %s", hosts[event.peer].name, event.state == 1 and "up" or "down")
            end
        end
    end
end

local function run_until(moment)
    while now < moment do
        run_wire()
        now = moment
        for _, deadline in ipairs {avpn.avpn_node_deadline(hub.engine), avpn.avpn_node_deadline(spoke.engine),
                                   avpn.avpn_registry_deadline(registry.engine)} do
            if deadline < now then
                now = deadline
            end
        end
        avpn.avpn_registry_tick(registry.engine, now)
        avpn.avpn_node_tick(hub.engine, now)
        avpn.avpn_node_tick(spoke.engine, now)
        show_events()
    end
end

-- The administrator's part: who is there, signed. Returns the organization's id, the bundle and its size.
local function publish()
    local root, signer, psk = ffi.new "struct avpn_key_pair", ffi.new "struct avpn_key_pair", ffi.new "struct avpn_key_pair"
    local config, authority = ffi.new "struct avpn_config *[1]", ffi.new "struct avpn_authority *[1]"
    local entry = sized("avpn_registry_entry", {key = registry.keys.public_key, port = 9350, host = "198.51.100.1"})
    local publication = sized("avpn_publication", {psk_epoch = 1, version = 1})
    local organization, bundle, bytes = ffi.new "struct avpn_key", ffi.new "uint8_t[8192]", ffi.new "size_t[1]"

    for _, pair in ipairs {root, signer, psk} do -- any random 32 bytes will do
        must(avpn.avpn_key_pair_generate(pair), "key")
    end
    publication.psk = psk.secret_key
    must(avpn.avpn_config_new(nil, config), "configuration")
    must(avpn.avpn_config_set_name(config[0], "example"), "name")
    must(avpn.avpn_config_add_registry(config[0], entry), "registry")
    for id, host in ipairs {hub, spoke} do
        local member = sized("avpn_member", {id = id, key = host.keys.public_key, name = host.name, export_count = 1})
        member.role = host == hub and ffi.C.AVPN_ROLE_HUB or ffi.C.AVPN_ROLE_SPOKE
        if host == spoke then
            member.hub_count, member.hubs[0].member = 1, 1
        end
        must(avpn.avpn_prefix_parse(host.subnet, member.exports), host.subnet)
        must(avpn.avpn_config_add_member(config[0], member), host.name)
    end
    must(avpn.avpn_authority_new(nil, authority), "authority")
    must(avpn.avpn_authority_add_root(authority[0], root.secret_key), "root")
    must(avpn.avpn_authority_add_signer(authority[0], signer.secret_key), "signer")
    must(avpn.avpn_authority_organization(authority[0], organization), "organization")
    must(avpn.avpn_authority_sign(authority[0], config[0], publication, bundle, 8192, bytes), "sign")
    avpn.avpn_authority_del(authority[0])
    avpn.avpn_config_del(config[0])
    return organization, bundle, bytes[0]
end

local function start(organization, bundle, bytes)
    local engine = ffi.new "struct avpn_registry *[1]"
    local options = sized("avpn_registry_options", {identity = registry.keys})
    must(avpn.avpn_registry_new(options, seams(registry), now, engine), "registry")
    registry.engine = engine[0]
    must(avpn.avpn_registry_set_organization(registry.engine, organization, bundle, bytes, now), "organization")
    for _, host in ipairs {hub, spoke} do
        local node = ffi.new "struct avpn_node *[1]"
        local site = sized("avpn_node_options", {organization = organization, identity = host.keys, bundle = bundle,
                                                 bundle_bytes = bytes})
        must(avpn.avpn_node_new(site, seams(host), now, node), host.name)
        host.engine = node[0]
        must(avpn.avpn_node_set_uplink(host.engine, 0, sized("avpn_uplink", {is_up = 1, ["local"] = host.contact}), now), "uplink")
    end
end

for _, host in ipairs(hosts) do
    host.contact, host.keys = ffi.new "struct avpn_contact", ffi.new "struct avpn_key_pair"
    must(avpn.avpn_contact_parse(host.address, host.contact), host.address)
    must(avpn.avpn_key_pair_generate(host.keys), "key")
end
start(publish())
run_until(5 * SECOND)

-- From 10.2.0.1 to 10.1.0.1, with the room that sealing takes.
local ping = "\69\0\0\20\0\0\0\0\64\253\0\0\10\2\0\1\10\1\0\1"
local room = ffi.new("uint8_t[?]", HEADROOM + #ping + TAILROOM)
local packet = ffi.new("struct avpn_packets[1]", {{room + HEADROOM, 1, #ping, #ping, #ping}})
ffi.copy(room + HEADROOM, ping, #ping)
must(avpn.avpn_node_send(spoke.engine, packet, 1, now), "send")
run_wire()
avpn.avpn_node_del(hub.engine)
avpn.avpn_node_del(spoke.engine)
avpn.avpn_registry_del(registry.engine)
