"""Names of agencies, outlets, countries and actors, by which `pipeline.read.edges` tells an edge from a sentence."""

from __future__ import annotations

import re


def names(text: str) -> list[str]:
    """The names in a comma-separated list, each also in upper case."""
    given = [" ".join(name.split()) for name in text.split(",")]
    return list(dict.fromkeys([*given, *map(str.upper, given)]))


def any_of(*given: str) -> str:
    """A pattern for any of the names."""
    return "|".join(map(re.escape, given))


# News agencies, sorted. Their names alone identify them.
AGENCIES = """
    AAP, AFP, Agence France-Presse, Agencies, AGI, Alamy, Anadolu, Anadolu Agency, ANI, ANSA, AP, AP Photo, APA,
    Associated Press, Belga, Bernama, Bloomberg, DPA, dpa, EFE, EPA, EPA-EFE, Getty, Getty Images, IANS, Interfax,
    Interfax-Ukraine, IRNA, ISNA, ITAR-TASS, Jiji, JTA, KCNA, KUNA, Kyodo, Maxar, MTI, Novosti, NurPhoto, Press
    Association, Press Trust of India, QNA, Reuters, RIA, RIA Novosti, SANA, Shutterstock, Tasnim, TASS, Ukrinform, UPI,
    WAFA, WAM, Wikimedia Commons, Xinhua, Yonhap, ZUMA
"""
# Abbreviations that also name parties, regions or authorities. They are agencies only in brackets or after a slash.
AMBIGUOUS = """
    AA, CP, File, File Photo, Handout, MENA, NAN, PA, PA Media, PAP, PNA, Pool, PTI, SPA, TT, UNB, UNI
"""
# Newspapers, broadcasters and sites, sorted. A "The" that the pattern must have, to tell a name from a word, is listed.
OUTLETS = """
    ABC News, Al Arabiya, Al Jazeera, Al Mayadeen, Al-Ahram, Al-Monitor, AP News, Arab News, Asharq Al-Awsat, Axios,
    Barron's, BBC, Boston Globe, Breitbart, Business Insider, Business Standard, BuzzFeed News, CBC, CBS News, CGTN,
    Channel 4 News, Channel NewsAsia, Chicago Tribune, China Daily, Christian Science Monitor, CNA, CNBC, CNN, CTV News,
    Daily Beast, Daily Express, Daily Mail, Daily Maverick, Daily Mirror, Daily Sabah, Daily Star, Daily Telegraph,
    Dawn, Deccan Chronicle, Deccan Herald, Der Spiegel, Deutsche Welle, DW, Economic Times, Euronews, Evening Standard,
    Express Tribune, Financial Times, Firstpost, Forbes, Foreign Affairs, Foreign Policy, Fox News, France 24, Global
    News, Global Times, Globe and Mail, Google News, Gulf News, Gulf Times, Haaretz, Hindustan Times, Huffington Post,
    HuffPost, Hurriyet Daily News, India Today, Indian Express, Irish Independent, Irish Times, ITV News, Jakarta Post,
    Japan Times, Jerusalem Post, Khaleej Times, Korea Herald, Korea Times, Kyiv Independent, Kyiv Post, LA Times, Le
    Monde, Los Angeles Times, Mail Online, MailOnline, Meduza, Middle East Eye, Moscow Times, MSN, MSNBC, NBC News,
    NDTV, New Indian Express, New York Post, New York Times, News18, Newsweek, NHK, Nikkei Asia, NPR, Pakistan Today,
    PBS, PBS NewsHour, Politico, Press TV, PressTV, Radio Free Europe, Rappler, RFE/RL, RT, RTE, Rudaw, Sky News, South
    China Morning Post, Sputnik, Straits Times, Sydney Morning Herald, Taipei Times, Telegraph, The Age, The Citizen,
    The Conversation, The Diplomat, The Economist, The Guardian, The Hill, The Hindu, The Independent, The Nation, The
    National, The News, The Print, The Star, The Sun, The Telegraph, The Times, The Week, The Wire, Times of India,
    Times of Israel, Toronto Star, TRT World, USA Today, Vanguard, Vice News, VOA, Voice of America, Wall Street
    Journal, Washington Post, Washington Times, Yahoo, Yahoo News, Ynet, Ynetnews
"""
# States and territories, sorted, without those whose capital has the same name, such as Singapore and Djibouti.
COUNTRIES = """
    Afghanistan, Albania, Algeria, Andorra, Angola, Argentina, Armenia, Australia, Austria, Azerbaijan, Bahamas,
    Bahrain, Bangladesh, Barbados, Belarus, Belgium, Belize, Benin, Bhutan, Bolivia, Bosnia, Botswana, Brazil,
    Britain, Brunei, Bulgaria, Burkina Faso, Burma, Burundi, Cambodia, Cameroon, Canada, Cape Verde, Central African
    Republic, Chad, Chile, China, Colombia, Comoros, Congo, Costa Rica, Cote d'Ivoire, Croatia, Cuba, Cyprus, Czech
    Republic, Czechia, Denmark, Dominican Republic, DR Congo, East Timor, Ecuador, Egypt, El Salvador, England,
    Equatorial Guinea, Eritrea, Estonia, Eswatini, Ethiopia, Fiji, Finland, France, Gabon, Gambia, Gaza, Gaza Strip,
    Georgia, Germany, Ghana, Greece, Grenada, Guatemala, Guinea, Guinea-Bissau, Guyana, Haiti, Honduras, Hungary,
    Iceland, India, Indonesia, Iran, Iraq, Ireland, Israel, Italy, Ivory Coast, Jamaica, Japan, Jordan, Kashmir,
    Kazakhstan, Kenya, Kiribati, Kosovo, Kuwait, Kyrgyzstan, Laos, Latvia, Lebanon, Lesotho, Liberia, Libya,
    Liechtenstein, Lithuania, Macedonia, Madagascar, Malawi, Malaysia, Maldives, Mali, Malta, Mauritania, Mauritius,
    Mexico, Micronesia, Moldova, Mongolia, Montenegro, Morocco, Mozambique, Myanmar, Namibia, Nauru, Nepal,
    Netherlands, New Zealand, Nicaragua, Niger, Nigeria, North Korea, North Macedonia, Northern Ireland, Norway,
    Oman, Pakistan, Palau, Palestine, Panama, Papua New Guinea, Paraguay, Peru, Philippines, Poland, Portugal,
    Qatar, Romania, Russia, Rwanda, Samoa, Saudi Arabia, Scotland, Senegal, Serbia, Seychelles, Sierra Leone,
    Slovakia, Slovenia, Solomon Islands, Somalia, South Africa, South Korea, South Sudan, Spain, Sri Lanka, Sudan,
    Suriname, Swaziland, Sweden, Switzerland, Syria, Taiwan, Tajikistan, Tanzania, Thailand, Timor-Leste, Togo,
    Tonga, Trinidad, Trinidad and Tobago, Tunisia, Turkey, Turkmenistan, Tuvalu, Türkiye, UAE, Uganda, Ukraine,
    United Arab Emirates, United Kingdom, United States, Uruguay, Uzbekistan, Vanuatu, Venezuela, Vietnam, Wales,
    West Bank, Yemen, Yugoslavia, Zambia, Zimbabwe
"""
# Actors in the news that look like the city of a dateline: "NATO - Russia talks resume".
ACTORS = """
    Al Qaeda, Al-Qaeda, ASEAN, Beijing, Brussels, ECOWAS, EU, Fatah, Hamas, Hezbollah, Hizbollah, Houthi, Houthis, IAEA,
    IMF, ISIL, ISIS, Islamic State, Kremlin, Kurds, NATO, OPEC, OSCE, Pentagon, PKK, Sinn Fein, Taleban, Taliban, U.K,
    U.N, U.S, UK, UN, UNHCR, UNICEF, US, USA, White House
"""
