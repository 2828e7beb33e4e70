using AspNetSpiffe.Wire;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace AspNetSpiffe.Workload.Tests.Properties;

public sealed class X509ContextProperties
{
    [Property(MaxTest = 50)]
    [Trait("Spec", "WA-08"), Trait("Spec", "WA-09")]
    public Property A_valid_message_is_read_fully_in_its_order_and_without_the_later_of_two_SVIDs_with_one_hint() =>
        Prop.ForAll(Inputs.Messages, parts =>
        {
            var context = new X509ContextReader(TimeProvider.System, SpiffeLimits.Default).Read(parts.Message());
            var expected = parts.Svids.Where((part, i) => part.Hint.Length == 0 || parts.Svids.Take(i).All(before => before.Hint != part.Hint)).ToArray();

            Assert.Equal(expected.Select(part => (part.Own.Svid.Id, part.Hint)), context.Svids.Select(svid => (svid.Id.ToString(), svid.Hint)));
            Assert.Equal(expected.Select(part => part.Own.Svid.Leaf.Thumbprint), context.Svids.Select(svid => svid.Leaf.Thumbprint));
            Assert.Equal(expected.Select(part => part.Own.Svid.Intermediates.Length), context.Svids.Select(svid => svid.Intermediates.Length));
            Assert.All(context.Svids, svid => Assert.True(svid.Leaf.HasPrivateKey));
            Assert.Same(context.Svids[0], context.DefaultSvid);
        });

    [Property(MaxTest = 50)]
    [Trait("Spec", "WA-14"), Trait("Spec", "TB-03"), Trait("Spec", "TB-16")]
    public Property Every_bundle_of_a_message_is_kept_under_its_trust_domain_and_nobody_else_says_whom_we_trust_at_home() =>
        Prop.ForAll(Inputs.Messages, parts =>
        {
            var reader = new X509ContextReader(TimeProvider.System, SpiffeLimits.Default);
            var bundles = reader.Read(parts.Message()).Bundles;
            var own = parts.Svids.Select(part => part.Own.Pki.Bundle).DistinctBy(bundle => bundle.TrustDomain).ToArray();
            var foreign = parts.Federated.Where(bundle => own.All(ours => ours.TrustDomain != bundle.TrustDomain)).ToArray();

            Assert.Equal(own.Length + foreign.Length, bundles.Count);
            Assert.All(own, bundle => Assert.Equal(bundle, bundles.Find(bundle.TrustDomain)));
            Assert.All(foreign, bundle => Assert.Equal(X509Bundle.Read(bundle.TrustDomain, bundle.Der, out _), bundles.Find(bundle.TrustDomain)));
            Assert.Equal(parts.Federated.Length - foreign.Length, reader.Remarks.Count(remark => remark.Contains("our own trust domain", StringComparison.Ordinal)));
        });

    [Property(MaxTest = 50)]
    [Trait("Spec", "WA-07")]
    public Property One_empty_mandatory_field_spoils_the_whole_message_and_its_keys_are_cleared() =>
        Prop.ForAll(Inputs.MessagesAndFields, input =>
        {
            var message = input.Message.Message();
            input.Field.Empty(message.Svids[input.Svid]);
            var e = Assert.Throws<FormatException>(() => new X509ContextReader(TimeProvider.System, SpiffeLimits.Default).Read(message));
            Assert.Contains($"'{input.Field}'", e.Message, StringComparison.Ordinal);
            Assert.All(message.Svids, svid => Assert.DoesNotContain(svid.X509SvidKey, b => b != 0));
        });

    /// <remarks>
    /// A short bundle costs an object or an exception, and an SVID costs key handles and a TLS context; so the bound is 8 bytes for each byte of the message,
    /// 4 KiB for each bundle and 64 KiB for each SVID. Measured: up to 6 bytes, 1.3 KiB and 40 KiB.
    /// </remarks>
    [Property(MaxTest = 50)]
    [Trait("Spec", "WA-28")]
    public Property Memory_is_taken_in_proportion_to_the_message()
    {
        AllocatedBy(Inputs.Alone.Message());
        return Prop.ForAll(Inputs.Crowds, crowd =>
        {
            var message = Inputs.Alone.Message();
            crowd.AddTo(message);
            Assert.InRange(AllocatedBy(message), 0, (8L * message.CalculateSize()) + (4096L * crowd.Count) + 65536);
        });
    }

    private static long AllocatedBy(X509SVIDResponse message)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        new X509ContextReader(TimeProvider.System, SpiffeLimits.Default).Read(message);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
