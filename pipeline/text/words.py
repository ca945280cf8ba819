"""English function words and fillers, which carry no information about events, and names of days and months."""

FUNCTION_WORDS = frozenset(
    """
    a an and are as at be been being by for from had has have he her his i in is it its of on or she that the
    their they this to was were will with would
    """.split()
)

# Words of chat and page furniture that carry no information.
FILLERS = frozenset(
    """
    again ah all almost also always anyway back being bit but cool did do does down else even ever every except fine few
    get go going good great haha hello here hey hi how hmm if into just later less let like lol look lot lots many maybe
    me more most much my nice no not now oh ok okay only or other our out over own please quite really right said same
    say see so some soon still such sure than thank thanks then there these thing things those though time today tomorrow
    too up us very wait way we well what when where which who why wow yeah yes yet you your
    """.split()
)

# Days and months, without those that are also other words.
CALENDAR = tuple(
    """
    Monday Tuesday Wednesday Thursday Friday Saturday Sunday
    January February April June July August September October November December
    """.split()
)
