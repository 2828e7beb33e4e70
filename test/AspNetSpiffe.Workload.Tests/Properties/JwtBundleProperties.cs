using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace AspNetSpiffe.Workload.Tests.Properties;

public sealed class JwtBundleProperties
{
    private static readonly TrustDomain Td = TrustDomain.Parse("td");

    [Property(MaxTest = 600)]
    [Trait("Spec", "TB-01"), Trait("Spec", "TB-03"), Trait("Spec", "TB-04"), Trait("Spec", "TB-07"), Trait("Spec", "TB-08"), Trait("Spec", "TB-13"), Trait("Spec", "TB-14"), Trait("Spec", "TB-15")]
    public Property An_entry_that_cannot_be_used_costs_itself_and_the_first_of_a_name_counts(bool acceptMissingUse) =>
        Prop.ForAll(Inputs.JwkSets, set =>
        {
            var remarks = new List<string>();
            var bundle = JwtBundle.Read(Td, set.Bytes, acceptMissingUse, remarks);

            var usable = set.Entries.Where(entry => entry.IsKept(acceptMissingUse)).ToArray();
            var expected = usable.DistinctBy(entry => entry.Kid).ToArray();
            Assert.Equal(expected.Select(entry => (entry.Kid, entry.Kind.Spki)), bundle.Authorities.Select(authority => (authority.KeyId, Spki(authority))));
            Assert.All(expected, entry => Assert.Equal(entry.Kind.Spki, Spki(bundle.Find(entry.Kid)!)));

            // An operator hears of every entry but those that are for somebody else.
            var passed = set.Entries.Count(entry => entry.Kind.Fate == JwkFate.Passed);
            Assert.Equal(set.Entries.Length - expected.Length - passed, remarks.Count);
        });

    [Property, Trait("Spec", "TB-01")]
    public Property A_set_with_one_change_is_read_or_refused_and_nothing_else() =>
        Prop.ForAll(Inputs.ChangedJwkSets, text =>
        {
            try
            {
                JwtBundle.Read(Td, Encoding.UTF8.GetBytes(text), acceptMissingUse: true, []);
            }
            catch (FormatException)
            {
                // Refused: the only way in which a reading may fail.
            }
        });

    private static string Spki(JwtAuthority authority) => Convert.ToHexString(authority.PublicKey.ExportSubjectPublicKeyInfo());
}
